//! What a distributed Map adds to a Map: where its items come from, how they are put together, where results go.

use crate::definition::{Block, Definition, IntegerField, Map, StateKind, ValueTemplate};
use model::StateMachineType;
use std::ops::Range;
use std::sync::Arc;

/// The fields of a distributed Map that an inline one has not.
#[derive(Clone, Debug)]
pub struct Distributed {
    /// Label, unique in the machine; a made one, the same for the same place of a definition, where it is absent.
    pub label: Arc<str>,
    /// Where ItemProcessor stands in the text of the definition.
    pub processor_text: Range<usize>,
    /// ExecutionType of the children.
    pub execution_type: StateMachineType,
    /// ItemReader; without one the items come from the state's input.
    pub reader: Option<ItemReader>,
    /// ItemBatcher.
    pub batcher: Option<ItemBatcher>,
    /// ResultWriter.
    pub writer: Option<ResultWriter>,
}

/// An ItemReader.
#[derive(Clone, Debug)]
pub struct ItemReader {
    /// What S3 is asked.
    pub source: ReaderSource,
    /// Parameters, or Arguments in JSONata.
    pub arguments: Option<ValueTemplate>,
    /// MaxItems or MaxItemsPath; 0 or absent: every item.
    pub max_items: Option<IntegerField>,
}

/// What a reader reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReaderSource {
    /// What S3 says of the objects below a prefix.
    List,
    /// The contents of the objects below a prefix, one after the other: `LOAD_AND_FLATTEN`.
    Objects(DataFormat),
    /// One object.
    Object(DataFormat),
    /// The objects that an S3 inventory's `manifest.json` names.
    Inventory,
    /// The objects that the manifest of an Athena UNLOAD names.
    Athena(DataFormat),
}

/// How an object holds its items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataFormat {
    /// An array or an object, at the top or at the place that ItemsPointer names.
    Json {
        /// ItemsPointer.
        pointer: Option<Arc<str>>,
    },
    /// A JSON value a line.
    JsonLines,
    /// A row a record.
    Csv {
        /// CSVHeaders; `None` where the first row has the names.
        headers: Option<Vec<Arc<str>>>,
        /// CSVDelimiter.
        delimiter: char,
    },
    /// Apache Parquet.
    Parquet,
}

/// An ItemBatcher.
#[derive(Clone, Debug)]
pub struct ItemBatcher {
    /// MaxItemsPerBatch or its Path.
    pub max_items: Option<IntegerField>,
    /// MaxInputBytesPerBatch or its Path.
    pub max_bytes: Option<IntegerField>,
    /// BatchInput.
    pub batch_input: Option<ValueTemplate>,
}

/// A ResultWriter.
#[derive(Clone, Debug)]
pub struct ResultWriter {
    /// Whether results are written to S3; where not, WriterConfig shapes the state's output alone.
    pub is_export: bool,
    /// Parameters, or Arguments in JSONata.
    pub arguments: Option<ValueTemplate>,
    /// Transformation; `NONE` where an export does not say, `COMPACT` where nothing is exported.
    pub transformation: Transformation,
    /// OutputType; `JSON` where it is absent.
    pub output_type: OutputType,
}

/// WriterConfig.Transformation: what becomes of children that succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transformation {
    /// Records of the executions.
    None,
    /// Their outputs, one for each.
    Compact,
    /// Their outputs, arrays among them taken apart.
    Flatten,
}

/// WriterConfig.OutputType.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputType {
    /// An array.
    Json,
    /// A value a line.
    JsonLines,
}

impl Definition {
    /// The distributed Map of that label, wherever in the machine it stands.
    pub fn distributed_map(&self, label: &str) -> Option<&Map> {
        in_block(&self.block, label)
    }
}

fn in_block<'d>(block: &'d Block, label: &str) -> Option<&'d Map> {
    any_map(block, &|map| map.distributed.as_ref().is_some_and(|distributed| &*distributed.label == label))
}

/// The first Map that is as asked for.
fn any_map<'d>(block: &'d Block, is_it: &dyn Fn(&Map) -> bool) -> Option<&'d Map> {
    block.states.values().find_map(|state| match &state.kind {
        StateKind::Parallel(parallel) => parallel.branches.iter().find_map(|branch| any_map(branch, is_it)),
        StateKind::Map(map) if is_it(map) => Some(map),
        StateKind::Map(map) => any_map(&map.processor, is_it),
        StateKind::Pass(_)
        | StateKind::Task(_)
        | StateKind::Choice(_)
        | StateKind::Wait(_)
        | StateKind::Succeed
        | StateKind::Fail(_) => None,
    })
}
