//! SQL: the guard lexer, the parser behind it, and whether the two agree.
