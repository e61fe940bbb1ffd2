-- Opens the copy beside the file.
attach $path as fresh
