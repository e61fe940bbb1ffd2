-- Keeps what somebody said of a finding; what was said before stays too.
insert into verdicts values ($time, $finding, $word, $who, $why, $until, $token)
