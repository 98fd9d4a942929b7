//! The Lambda function `deliver`.

fn main() {}
