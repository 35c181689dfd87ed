//! Serves the Lambda API on a port: `cargo run -p stepwright-lambda --example lambda_host -- 9001 [FUNCTIONS]`.
#![allow(clippy::print_stdout, reason = "an example talks to its user")]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use lambda::{FunctionHost, HostConfig};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().unwrap_or("9001".to_owned()).parse()?;
    let mut config = HostConfig::new("us-east-1", "123456789012");
    config.data_dir = std::env::var_os("LAMBDA_DATA_DIR").map(Into::into);
    let host = FunctionHost::start(config).await?;
    if let Some(folder) = arguments.next() {
        for function in host.load_folder(folder.as_ref())? {
            println!("{} ({}, {})", function.name, function.runtime.name, function.handler);
        }
    }
    let api = host.clone();
    let router = Router::new().fallback(move |request| answer(api.clone(), request));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("Lambda API on http://{}", listener.local_addr()?);
    axum::serve(listener, router)
        .with_graceful_shutdown(async {
            let _ = tokio::signal::ctrl_c().await;
        })
        .await?;
    host.shutdown().await;
    Ok(())
}

async fn answer(host: FunctionHost, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, 100 << 20).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    match lambda::api::handle(&host, http::Request::from_parts(head, body)).await {
        Some(response) => response.map(Body::from),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
