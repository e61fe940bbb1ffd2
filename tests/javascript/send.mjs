// Sends spans with the official SDK until its standard input ends, then prints their ids:
// node send.mjs proto|json ADDRESS
import { setTimeout as pause } from "node:timers/promises";

import { DiagConsoleLogger, DiagLogLevel, diag } from "@opentelemetry/api";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

const [encoding, address] = process.argv.slice(2);
const Exporter = { json: JsonExporter, proto: ProtobufExporter }[encoding];
diag.setLogger(new DiagConsoleLogger(), { logLevel: DiagLogLevel.WARN });

const provider = new TracerProvider({
  resource: resourceFromAttributes({ "service.name": `javascript-${encoding}` }),
  spanProcessors: [
    new BatchSpanProcessor({
      exporter: new Exporter({ url: `${address}/v1/traces`, compression: "gzip", timeoutMillis: 30_000 }),
      maxQueueSize: 100_000,
      scheduledDelayMillis: 50,
    }),
  ],
});
const tracer = provider.getTracer("send");
const ended = [];

let going = true;
process.stdin.on("end", () => (going = false)).resume();
while (going) {
  const span = tracer.startSpan("route image_classify");
  span.setAttributes({ "limen.feature": "image_classify", "limen.decision": "accept" }).end();
  const { traceId, spanId } = span.spanContext();
  ended.push(`${traceId} ${spanId}`);
  await pause(5);
}
await provider.shutdown();
console.log(ended.join("\n"));
