"""Reads metrics in the text format from standard input, and prints every series with its value as JSON."""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families

series = {}
for family in text_string_to_metric_families(sys.stdin.read()):
    assert family.type in ("counter", "gauge", "histogram"), f"{family.name} is {family.type}"
    assert family.documentation, family.name
    for sample in family.samples:
        labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
        name = f"{sample.name}{{{labels}}}" if labels else sample.name
        assert name not in series, name
        # As text: not every JSON parser reads all digits of a number.
        series[name] = repr(sample.value)
json.dump(series, sys.stdout)
