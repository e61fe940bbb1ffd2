-- Keeps a declaration.
insert into declarations values ($id, $added, $app, $release, $digest, $token, $content)
