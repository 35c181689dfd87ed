use super::Graph;
use model::StateMachineType;

fn graph(text: &str) -> Graph {
    let compiled = asl::compile(text, StateMachineType::Standard).expect("a valid definition");
    Graph::of(&compiled.definition, &json::parse(text).unwrap())
}
