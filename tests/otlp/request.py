"""Reads an OTLP request from standard input, and prints the spans or metrics in it as a JSON array.

The argument is the last part of the path to which it was sent: `traces` or `metrics`.
"""

import json
import sys

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_CUMULATIVE


def attributes(pairs):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


def spans_in(request):
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano, span
                yield {
                    "resource": attributes(resource.resource.attributes),
                    "name": span.name,
                    "trace": span.trace_id.hex(),
                    "span": span.span_id.hex(),
                    "parent": span.parent_span_id.hex(),
                    "failure": span.status.message,
                    "attributes": attributes(span.attributes),
                }


def points_in(request):
    for resource in request.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                kind = metric.WhichOneof("data")
                data = getattr(metric, kind)
                if kind != "gauge":
                    assert data.aggregation_temporality == AGGREGATION_TEMPORALITY_CUMULATIVE, metric
                for point in data.data_points:
                    if kind != "gauge":
                        assert 0 < point.start_time_unix_nano <= point.time_unix_nano, metric
                    if kind == "histogram":
                        assert len(point.bucket_counts) == len(point.explicit_bounds) + 1, metric
                        assert sum(point.bucket_counts) == point.count, metric
                        value = point.count
                    else:
                        value = getattr(point, point.WhichOneof("value"))
                    yield {
                        "resource": attributes(resource.resource.attributes),
                        "name": metric.name,
                        "kind": kind,
                        "attributes": attributes(point.attributes),
                        "value": value,
                    }


body = sys.stdin.buffer.read()
if sys.argv[1] == "traces":
    found = spans_in(ExportTraceServiceRequest.FromString(body))
else:
    found = points_in(ExportMetricsServiceRequest.FromString(body))
json.dump(list(found), sys.stdout)
