// Gives targets without sources of their own something to compile.
