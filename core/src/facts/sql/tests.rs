//! Laws of the SQL reader.
