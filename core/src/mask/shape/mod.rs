//! Where values live: in JSON members, in cells of a row, below the header of a CSV file.

pub mod rows;
