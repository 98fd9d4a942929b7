"""Reads an OTLP request with spans from standard input, and prints the spans as a JSON array."""

import json
import sys

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

request = ExportTraceServiceRequest.FromString(sys.stdin.buffer.read())
spans = []
for resource in request.resource_spans:
    names = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
    assert names["service.name"] == "hookstep", names
    for scope in resource.scope_spans:
        for span in scope.spans:
            assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano, span
            spans.append({
                "name": span.name,
                "trace": span.trace_id.hex(),
                "span": span.span_id.hex(),
                "parent": span.parent_span_id.hex(),
                "failure": span.status.message,
                "attributes": {pair.key: pair.value.string_value for pair in span.attributes},
            })
json.dump(spans, sys.stdout)
