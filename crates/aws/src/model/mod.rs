//! The models of AWS's services, as data: which operations a service has, what goes in, what comes out, and how it is written.
//!
//! A model is read from the archive in the binary when its service is first asked for, and kept from then on. A service is
//! named as Tasks name it: `dynamodb`, `cloudwatchlogs`, `sfn`.

mod archive;
mod read;

pub use archive::{service, services};

use std::collections::HashMap;
use std::sync::Arc;

/// A service.
#[derive(Debug)]
pub struct Service {
    /// `dynamodb`: as Tasks name it.
    pub name: Arc<str>,
    /// `DynamoDb`: how the errors of SDK integrations begin.
    pub prefix: Arc<str>,
    /// `API Gateway`: AWS's id of it, which names its setting of the endpoint.
    pub id: Arc<str>,
    /// `dynamodb`: what signatures name.
    pub signing_name: Arc<str>,
    pub(crate) protocol: Protocol,
    pub(crate) api_version: Arc<str>,
    pub(crate) json_version: Arc<str>,
    pub(crate) target_prefix: Arc<str>,
    pub(crate) query_compatible: bool,
    pub(crate) operations: HashMap<Arc<str>, Operation>,
    /// The operations' names by their actions: `putItem`, `PutItem`.
    pub(crate) actions: HashMap<String, Arc<str>>,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) endpoints: Vec<EndpointTable>,
}

/// How requests and answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Json,
    RestJson,
    RestXml,
    Query,
    Ec2,
    Cbor,
}

/// An operation.
#[derive(Debug)]
pub struct Operation {
    /// `PutItem`
    pub name: Arc<str>,
    /// Its input, if it takes any; a structure.
    pub input: Option<Reference>,
    /// Its output, if it has any; a structure.
    pub output: Option<Reference>,
    /// The errors that it lists.
    pub errors: Vec<ShapeId>,
    /// Whether it only reads.
    pub is_read_only: bool,
    /// Whether input or output is a stream of events, which this client does not speak.
    pub has_event_stream: bool,
    pub(crate) method: Arc<str>,
    pub(crate) uri: Arc<str>,
    pub(crate) host_prefix: Option<Arc<str>>,
    pub(crate) is_unsigned: bool,
    pub(crate) has_unsigned_payload: bool,
    pub(crate) checksum: Option<Checksum>,
    pub(crate) endpoint: usize,
}

/// A checksum that requests carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checksum {
    Crc32,
    Md5,
}

/// A shape of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ShapeId(pub(crate) u32);

/// What a member, an item, a key, a value, an input or an output is.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Its shape.
    pub shape: ShapeId,
    pub(crate) traits: Arc<Traits>,
}

/// A shape.
#[derive(Debug)]
pub struct Shape {
    /// `PutItemInput`
    pub name: Arc<str>,
    /// What it consists of.
    pub kind: Kind,
    /// The code of the error that it is.
    pub error_code: Option<Arc<str>>,
    /// The least number, or the least length of a text.
    pub min: Option<f64>,
    /// The greatest number, or the greatest length of a text.
    pub max: Option<f64>,
}

/// What a shape consists of.
#[derive(Debug)]
pub enum Kind {
    /// Members by name.
    Structure(Structure),
    /// Items of one kind.
    List(Reference),
    /// Values by key.
    Map {
        /// The keys, strings.
        key: Reference,
        /// The values.
        value: Reference,
    },
    /// A string; one of the listed where any is listed.
    String(Vec<Arc<str>>),
    /// Bytes.
    Blob,
    /// `true` or `false`.
    Boolean,
    /// A 32-bit integer.
    Integer,
    /// A 64-bit integer.
    Long,
    /// A number in single precision.
    Float,
    /// A number in double precision.
    Double,
    /// A moment.
    Timestamp,
    /// Any JSON.
    Document,
}

/// A shape with members.
#[derive(Debug)]
pub struct Structure {
    /// The members in the model's order.
    pub members: Vec<Member>,
    /// Whether exactly one member is there.
    pub is_union: bool,
}

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// Its name in the model: `DBInstanceIdentifier`.
    pub name: Arc<str>,
    /// Its name in SDK integrations: `DbInstanceIdentifier`.
    pub sdk_name: Arc<str>,
    /// What it is.
    pub target: Reference,
    /// Whether the model says that it must be there.
    pub is_required: bool,
}

/// What the model says about the way something is written.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Traits {
    pub(crate) name: Option<Arc<str>>,
    pub(crate) query_name: Option<Arc<str>>,
    pub(crate) location: Option<Location>,
    pub(crate) payload: Option<Arc<str>>,
    pub(crate) result_wrapper: Option<Arc<str>>,
    pub(crate) timestamp_format: Option<TimestampFormat>,
    pub(crate) namespace: Option<Namespace>,
    pub(crate) is_flattened: bool,
    pub(crate) is_xml_attribute: bool,
    pub(crate) is_json_value: bool,
    pub(crate) is_host_label: bool,
    pub(crate) is_idempotency_token: bool,
    pub(crate) is_streaming: bool,
}

/// Where in an HTTP message a member stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Location {
    Uri,
    QueryString,
    Header,
    Headers,
    StatusCode,
}

/// How a moment is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimestampFormat {
    Iso8601,
    UnixTimestamp,
    Rfc822,
}

/// A namespace of XML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Namespace {
    pub(crate) prefix: Option<Arc<str>>,
    pub(crate) uri: Arc<str>,
}

/// The addresses of a service by partition.
#[derive(Debug, Default)]
pub(crate) struct EndpointTable {
    pub(crate) partitions: HashMap<Arc<str>, EndpointRule>,
}

/// The address in the regions of a partition.
#[derive(Debug)]
pub(crate) struct EndpointRule {
    pub(crate) usual: RegionalEndpoint,
    pub(crate) exceptions: HashMap<Arc<str>, RegionalEndpoint>,
}

/// An address; `{region}` in it stands for the region.
#[derive(Debug)]
pub(crate) struct RegionalEndpoint {
    pub(crate) url: Arc<str>,
    /// The region that signatures name, where it is not the one that is called.
    pub(crate) signing_region: Option<Arc<str>>,
    /// What signatures name, where it is not the service's usual name.
    pub(crate) signing_name: Option<Arc<str>>,
}

impl Service {
    /// The operation of that name: `PutItem`.
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.get(name)
    }

    /// The operation that a Task calls by that action: `putItem`.
    pub fn action(&self, action: &str) -> Option<&Operation> {
        self.operations.get(self.actions.get(action)?)
    }

    /// The name under which its endpoint is configured: `API-Gateway`.
    pub fn setting(&self) -> String {
        self.id.replace(' ', "-")
    }

    /// The operations, in no order.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.operations.values()
    }

    /// A shape of this service.
    pub fn shape(&self, id: ShapeId) -> &Shape {
        let shape = self.shapes.get(id.0 as usize);
        shape.expect("INVARIANT(shape-id): the reader makes ids of places in this list, and ids stay with their service")
    }

    /// The shape that a reference names.
    pub fn target(&self, reference: &Reference) -> &Shape {
        self.shape(reference.shape)
    }

    /// The members of a structure; none of anything else.
    pub fn members(&self, id: ShapeId) -> &[Member] {
        match &self.shape(id).kind {
            Kind::Structure(structure) => &structure.members,
            _ => &[],
        }
    }

    /// The member of an operation's input that is the body as a stream of bytes, as S3's objects are.
    pub fn streamed_member(&self, operation: &Operation) -> Option<&Member> {
        let input = operation.input.as_ref()?;
        let payload = input.traits.payload.as_deref()?;
        let member = self.members(input.shape).iter().find(|member| &*member.name == payload)?;
        (member.target.traits.is_streaming && matches!(self.target(&member.target).kind, Kind::Blob))
            .then_some(member)
    }

    /// The error of an operation that has this code.
    pub fn error(&self, operation: &Operation, code: &str) -> Option<&Shape> {
        let shapes = operation.errors.iter().map(|id| self.shape(*id));
        let is_it = |shape: &&Shape| shape.error_code.as_deref() == Some(code) || &*shape.name == code;
        shapes.into_iter().find(is_it)
    }
}
