//! Instants.
use super::PictureError;
/// x
pub fn format_millis(_m: i64, _p: Option<&str>, _t: Option<&str>) -> Result<String, PictureError> { Ok(String::new()) }
/// x
pub fn parse_timestamp(_t: &str, _p: Option<&str>, _n: i64) -> Result<Option<i64>, PictureError> { Ok(None) }
