//! A model from its JSON, in the form that tools/models.py writes.

use super::{
    Checksum, EndpointRule, EndpointTable, Kind, Location, Member, Namespace, Operation, Protocol, Reference,
    RegionalEndpoint, Service, Shape, ShapeId, Structure, TimestampFormat, Traits,
};
use ::model::sdk_names::{camel, sdk_name};
use json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// Reads a model; `None` where the document is none.
pub(super) fn service(name: &str, document: &Value) -> Option<Service> {
    let shapes = document.get("shapes")?.as_object()?;
    let mut reader = Reader { ids: HashMap::new(), shapes, traits: HashMap::new(), plain: Arc::default() };
    reader.ids = shapes.keys().zip(0..).map(|(name, id)| (&**name, ShapeId(id))).collect();
    let read: Option<Vec<Shape>> = shapes.iter().map(|(name, shape)| reader.shape(name, shape)).collect();
    let operations = document.get("operations")?.as_object()?;
    let operations: Option<HashMap<Arc<str>, Operation>> = operations
        .iter()
        .map(|(name, operation)| Some((name.clone(), reader.operation(name, operation)?)))
        .collect();
    let operations = operations?;
    let or_empty = |key: &str| text(document, key).unwrap_or_default();
    Some(Service {
        name: Arc::from(name),
        prefix: text(document, "prefix")?,
        id: text(document, "id")?,
        signing_name: text(document, "signing")?,
        protocol: protocol(&text(document, "protocol")?)?,
        api_version: or_empty("api"),
        json_version: or_empty("jsonVersion"),
        target_prefix: or_empty("targetPrefix"),
        query_compatible: document.get("queryCompatible").is_some(),
        actions: operations.keys().map(|name| (camel(name), name.clone())).collect(),
        operations,
        shapes: read?,
        endpoints: document.get("endpoints")?.as_array()?.iter().map(endpoint_table).collect(),
    })
}

struct Reader<'a> {
    ids: HashMap<&'a str, ShapeId>,
    shapes: &'a json::Object,
    /// What references say that say no more than the shape they name.
    traits: HashMap<ShapeId, Arc<Traits>>,
    plain: Arc<Traits>,
}

impl Reader<'_> {
    fn shape(&mut self, name: &Arc<str>, shape: &Value) -> Option<Shape> {
        let kind = match shape.get("type")?.as_str()? {
            "structure" if flag(shape, "document") => Kind::Document,
            "structure" => Kind::Structure(self.structure(shape)?),
            "list" => Kind::List(self.reference(shape.get("member")?)?),
            "map" => Kind::Map {
                key: self.reference(shape.get("key")?)?,
                value: self.reference(shape.get("value")?)?,
            },
            "string" | "character" => Kind::String(texts(shape, "enum")),
            "blob" => Kind::Blob,
            "boolean" => Kind::Boolean,
            "integer" => Kind::Integer,
            "long" => Kind::Long,
            "float" => Kind::Float,
            "double" => Kind::Double,
            "timestamp" => Kind::Timestamp,
            _ => return None,
        };
        let bound = |key: &str| shape.get(key).and_then(Value::as_f64);
        let (min, max) = (bound("min"), bound("max"));
        Some(Shape { name: name.clone(), kind, error_code: text(shape, "exception"), min, max })
    }

    fn structure(&mut self, shape: &Value) -> Option<Structure> {
        let required = texts(shape, "required");
        let members = shape.get("members")?.as_object()?;
        let members: Option<Vec<Member>> = members
            .iter()
            .map(|(name, target)| {
                Some(Member {
                    name: name.clone(),
                    sdk_name: shared(name, sdk_name(name)),
                    target: self.reference(target)?,
                    is_required: required.contains(name),
                })
            })
            .collect();
        Some(Structure { members: members?, is_union: flag(shape, "union") })
    }

    /// A reference is the name of a shape, or an object that says more; what it says goes before what the shape says.
    fn reference(&mut self, reference: &Value) -> Option<Reference> {
        let name = reference.as_str().or_else(|| reference.get("shape")?.as_str())?;
        let shape = *self.ids.get(name)?;
        let of_shape = self.traits_of_shape(name, shape);
        let traits = match reference {
            Value::Object(_) => Arc::new(traits(reference, &of_shape)),
            _ => of_shape,
        };
        Some(Reference { shape, traits })
    }

    fn traits_of_shape(&mut self, name: &str, id: ShapeId) -> Arc<Traits> {
        if let Some(known) = self.traits.get(&id) {
            return known.clone();
        }
        let read = self.shapes.get(name).map(|shape| traits(shape, &Traits::default())).unwrap_or_default();
        let read = if read == *self.plain { self.plain.clone() } else { Arc::new(read) };
        self.traits.insert(id, read.clone());
        read
    }

    fn operation(&mut self, name: &Arc<str>, operation: &Value) -> Option<Operation> {
        let mut side = |key: &str| match operation.get(key) {
            Some(reference) => self.reference(reference).map(Some),
            None => Some(None),
        };
        let (input, output) = (side("input")?, side("output")?);
        let errors = texts(operation, "errors");
        Some(Operation {
            name: name.clone(),
            input,
            output,
            errors: errors.iter().filter_map(|name| self.ids.get(&**name).copied()).collect(),
            is_read_only: flag(operation, "readonly"),
            has_event_stream: flag(operation, "eventStream"),
            method: text(operation, "method")?,
            uri: text(operation, "uri")?,
            host_prefix: text(operation, "hostPrefix"),
            is_unsigned: flag(operation, "unsigned"),
            has_unsigned_payload: flag(operation, "unsignedPayload"),
            checksum: match operation.get("checksum").and_then(Value::as_str) {
                Some("crc32") => Some(Checksum::Crc32),
                Some("md5") => Some(Checksum::Md5),
                _ => None,
            },
            endpoint: operation
                .get("endpoint")
                .and_then(Value::as_i64)
                .and_then(|n| n.try_into().ok())
                .unwrap_or(0),
        })
    }
}

fn traits(said: &Value, under: &Traits) -> Traits {
    let or = |key: &str, under: &Option<Arc<str>>| text(said, key).or_else(|| under.clone());
    Traits {
        name: or("locationName", &under.name),
        query_name: or("queryName", &under.query_name),
        location: said.get("location").and_then(Value::as_str).and_then(location).or(under.location),
        payload: or("payload", &under.payload),
        result_wrapper: or("resultWrapper", &under.result_wrapper),
        timestamp_format: said
            .get("timestampFormat")
            .and_then(Value::as_str)
            .and_then(timestamp_format)
            .or(under.timestamp_format),
        namespace: said.get("xmlNamespace").and_then(namespace).or_else(|| under.namespace.clone()),
        is_flattened: flag(said, "flattened") || under.is_flattened,
        is_xml_attribute: flag(said, "xmlAttribute") || under.is_xml_attribute,
        is_json_value: flag(said, "jsonvalue") || under.is_json_value,
        is_host_label: flag(said, "hostLabel") || under.is_host_label,
        is_idempotency_token: flag(said, "idempotencyToken") || under.is_idempotency_token,
        is_streaming: flag(said, "streaming") || under.is_streaming,
    }
}

fn protocol(name: &str) -> Option<Protocol> {
    Some(match name {
        "json" => Protocol::Json,
        "rest-json" => Protocol::RestJson,
        "rest-xml" => Protocol::RestXml,
        "query" => Protocol::Query,
        "ec2" => Protocol::Ec2,
        "smithy-rpc-v2-cbor" => Protocol::Cbor,
        _ => return None,
    })
}

fn location(name: &str) -> Option<Location> {
    Some(match name {
        "uri" => Location::Uri,
        "querystring" => Location::QueryString,
        "header" => Location::Header,
        "headers" => Location::Headers,
        "statusCode" => Location::StatusCode,
        _ => return None,
    })
}

fn timestamp_format(name: &str) -> Option<TimestampFormat> {
    Some(match name {
        "iso8601" => TimestampFormat::Iso8601,
        "unixTimestamp" => TimestampFormat::UnixTimestamp,
        "rfc822" => TimestampFormat::Rfc822,
        _ => return None,
    })
}

fn namespace(value: &Value) -> Option<Namespace> {
    match value {
        Value::String(uri) => Some(Namespace { prefix: None, uri: uri.clone() }),
        _ => Some(Namespace { prefix: text(value, "prefix"), uri: text(value, "uri")? }),
    }
}

fn endpoint_table(table: &Value) -> EndpointTable {
    let rules = table.as_object().into_iter().flat_map(json::Object::iter);
    let rule = |(partition, rule): (&Arc<str>, &Value)| {
        let exceptions =
            rule.get("except").and_then(Value::as_object).into_iter().flat_map(json::Object::iter);
        let exceptions =
            exceptions.filter_map(|(region, one)| Some((region.clone(), regional_endpoint(one)?))).collect();
        Some((partition.clone(), EndpointRule { usual: regional_endpoint(rule)?, exceptions }))
    };
    EndpointTable { partitions: rules.filter_map(rule).collect() }
}

fn regional_endpoint(value: &Value) -> Option<RegionalEndpoint> {
    Some(RegionalEndpoint {
        url: text(value, "url")?,
        signing_region: text(value, "region"),
        signing_name: text(value, "signing"),
    })
}

fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(false)
}

fn text(value: &Value, key: &str) -> Option<Arc<str>> {
    match value.get(key) {
        Some(Value::String(text)) => Some(text.clone()),
        _ => None,
    }
}

fn texts(value: &Value, key: &str) -> Vec<Arc<str>> {
    let items = value.get(key).and_then(Value::as_array).unwrap_or_default();
    items.iter().filter_map(|item| item.as_str().map(Arc::from)).collect()
}

/// The first where both are the same text.
fn shared(name: &Arc<str>, other: String) -> Arc<str> {
    if **name == other { name.clone() } else { Arc::from(other) }
}
