//! Placeholder.
use serde::{Serialize,Deserialize};
/// An instant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(String);
impl Timestamp { 
 /// text
 pub fn as_str(&self)->&str{&self.0} 
 /// unix
 pub fn to_unix(&self)->Option<(i64,u32)>{None} }
impl From<String> for Timestamp { fn from(s:String)->Self{Self(s)} }
impl From<&str> for Timestamp { fn from(s:&str)->Self{Self(s.into())} }
impl std::fmt::Display for Timestamp { fn fmt(&self,f:&mut std::fmt::Formatter<'_>)->std::fmt::Result{f.write_str(&self.0)} }
