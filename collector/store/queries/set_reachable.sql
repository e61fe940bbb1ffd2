-- What may be touched besides the file itself, once nothing else may.
set allowed_paths = $paths
