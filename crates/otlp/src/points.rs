//! The metrics that the text format of Prometheus shows, as OTLP has them.

use std::borrow::Cow;

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, Sum, metric,
};

/// Since when it was counted, and until when, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) start: u64,
    pub(crate) now: u64,
}

/// The metrics in this text, with the same names: a counter is a monotonic sum, all others are what they are called. Counts go
/// on from the start of the process. Lines that cannot be read are left out.
pub(crate) fn metrics(text: &str, times: Times) -> Vec<Metric> {
    let (mut metrics, mut help) = (Vec::<Metric>::new(), "");
    for line in text.lines() {
        if let Some(line) = line.strip_prefix("# HELP ") {
            help = line.split_once(' ').map_or("", |(_, help)| help);
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|line| line.split_once(' '))
        {
            let (name, description) = (name.to_owned(), help.to_owned());
            metrics.push(Metric { name, description, data: Some(empty(kind)), ..Metric::default() });
        } else if let (Some(metric), Some(sample)) = (metrics.last_mut(), Sample::parse(line)) {
            add(metric, sample, times);
        }
    }
    for metric in &mut metrics {
        if let Some(metric::Data::Histogram(histogram)) = &mut metric.data {
            histogram.data_points.iter_mut().for_each(|point| tell_apart(&mut point.bucket_counts));
        }
    }
    metrics
}

fn empty(kind: &str) -> metric::Data {
    let aggregation_temporality = AggregationTemporality::Cumulative.into();
    match kind {
        "counter" => {
            metric::Data::Sum(Sum { data_points: Vec::new(), aggregation_temporality, is_monotonic: true })
        }
        "histogram" => {
            metric::Data::Histogram(Histogram { data_points: Vec::new(), aggregation_temporality })
        }
        _ => metric::Data::Gauge(Gauge::default()),
    }
}

/// A line: `name{label="value"} 1`.
struct Sample<'a> {
    name: &'a str,
    labels: Vec<(&'a str, Cow<'a, str>)>,
    value: &'a str,
}

impl<'a> Sample<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (series, value) = line.rsplit_once(' ')?;
        let Some((name, rest)) = series.split_once('{') else {
            return Some(Self { name: series, labels: Vec::new(), value });
        };
        let (mut labels, mut rest) = (Vec::new(), rest.strip_suffix('}')?);
        while let Some((label, quoted)) = rest.split_once("=\"") {
            let mut is_escaped = false;
            let end = quoted.find(|c| {
                let is_end = c == '"' && !is_escaped;
                is_escaped = c == '\\' && !is_escaped;
                is_end
            })?;
            let (text, after) = quoted.split_at(end);
            labels.push((label, unescaped(text)));
            rest = after[1..].trim_start_matches(',');
        }
        Some(Self { name, labels, value })
    }

    fn take(&mut self, label: &str) -> Option<Cow<'a, str>> {
        let index = self.labels.iter().position(|(name, _)| *name == label)?;
        Some(self.labels.remove(index).1)
    }

    fn attributes(&self) -> Vec<KeyValue> {
        let of = |(name, text): &(&str, Cow<'_, str>)| KeyValue {
            key: (*name).to_owned(),
            value: Some(AnyValue { value: Some(any_value::Value::StringValue(text.to_string())) }),
            ..KeyValue::default()
        };
        self.labels.iter().map(of).collect()
    }
}

fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let (mut plain, mut chars) = (String::new(), text.chars());
    while let Some(c) = chars.next() {
        plain.extend(match c {
            '\\' => chars.next().map(|c| if c == 'n' { '\n' } else { c }),
            c => Some(c),
        });
    }
    Cow::Owned(plain)
}

fn add(metric: &mut Metric, mut sample: Sample<'_>, times: Times) {
    match &mut metric.data {
        Some(metric::Data::Sum(sum)) => sum.data_points.extend(number(&sample, times)),
        Some(metric::Data::Gauge(gauge)) => {
            // A gauge is what it is now.
            let point = number(&sample, times);
            gauge.data_points.extend(point.map(|point| NumberDataPoint { start_time_unix_nano: 0, ..point }));
        }
        Some(metric::Data::Histogram(histogram)) => {
            let bound = sample.take("le");
            let attributes = sample.attributes();
            let points = &mut histogram.data_points;
            let index = points.iter().position(|point| point.attributes == attributes);
            let index = index.unwrap_or_else(|| {
                points.push(HistogramDataPoint {
                    attributes,
                    start_time_unix_nano: times.start,
                    time_unix_nano: times.now,
                    ..HistogramDataPoint::default()
                });
                points.len() - 1
            });
            observe(&mut points[index], bound.as_deref(), &sample);
        }
        _ => {}
    }
}

fn number(sample: &Sample<'_>, times: Times) -> Option<NumberDataPoint> {
    let whole = sample.value.parse().ok().map(Value::AsInt);
    let value = whole.or_else(|| sample.value.parse().ok().map(Value::AsDouble))?;
    Some(NumberDataPoint {
        attributes: sample.attributes(),
        start_time_unix_nano: times.start,
        time_unix_nano: times.now,
        value: Some(value),
        ..NumberDataPoint::default()
    })
}

/// A line of a histogram: a bucket, the sum or the count.
fn observe(point: &mut HistogramDataPoint, bound: Option<&str>, sample: &Sample<'_>) {
    match bound {
        Some(bound) => {
            point.bucket_counts.extend(sample.value.parse::<u64>().ok());
            // OTLP has no bound for the last bucket.
            point.explicit_bounds.extend(bound.parse::<f64>().ok().filter(|bound| bound.is_finite()));
        }
        None if sample.name.ends_with("_sum") => point.sum = sample.value.parse().ok(),
        None => point.count = sample.value.parse().unwrap_or_default(),
    }
}

/// In Prometheus, each bucket contains the smaller ones; in OTLP, none does.
fn tell_apart(buckets: &mut [u64]) {
    let mut below = 0;
    for bucket in buckets {
        below = std::mem::replace(bucket, bucket.saturating_sub(below));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"# HELP attempts_total Attempts, by outcome.
# TYPE attempts_total counter
attempts_total{outcome="a, \"b\\\n}",reason=""} 3
attempts_total{outcome="succeeded",reason="x y"} 4
# HELP up For how long.
# TYPE up gauge
up 1.5
# HELP seconds How long.
# TYPE seconds histogram
seconds_sum{mode="async"} 2.5
seconds_count{mode="async"} 5
seconds_bucket{mode="async",le="0.1"} 1
seconds_bucket{mode="async",le="1.0"} 4
seconds_bucket{mode="async",le="+Inf"} 5
seconds_sum{mode="sync"} 0.0
seconds_count{mode="sync"} 0
seconds_bucket{mode="sync",le="+Inf"} 0
"#;

    fn texts(attributes: &[KeyValue]) -> Vec<(&str, &str)> {
        let value = |pair: &'_ KeyValue| match pair.value.as_ref().and_then(|value| value.value.as_ref()) {
            Some(any_value::Value::StringValue(text)) => text.clone().leak(),
            other => panic!("{other:?}"),
        };
        attributes.iter().map(|pair| (pair.key.as_str(), &*value(pair))).collect()
    }

    #[test]
    fn counters_gauges_and_histograms_have_the_names_the_labels_and_the_values_of_the_text() {
        let found = metrics(TEXT, Times { start: 10, now: 20 });
        let [attempts, up, seconds] = &found[..] else { panic!("{found:?}") };
        assert_eq!((&*attempts.name, &*attempts.description), ("attempts_total", "Attempts, by outcome."));
        let Some(metric::Data::Sum(sum)) = &attempts.data else { panic!("{attempts:?}") };
        assert!(sum.is_monotonic);
        assert_eq!(texts(&sum.data_points[0].attributes), [("outcome", "a, \"b\\\n}"), ("reason", "")]);
        assert_eq!(texts(&sum.data_points[1].attributes), [("outcome", "succeeded"), ("reason", "x y")]);
        let point = &sum.data_points[1];
        assert_eq!(point.value, Some(Value::AsInt(4)));
        assert_eq!((point.start_time_unix_nano, point.time_unix_nano), (10, 20));

        let Some(metric::Data::Gauge(gauge)) = &up.data else { panic!("{up:?}") };
        assert_eq!(gauge.data_points[0].value, Some(Value::AsDouble(1.5)));

        let Some(metric::Data::Histogram(histogram)) = &seconds.data else { panic!("{seconds:?}") };
        let [first, second] = &histogram.data_points[..] else { panic!("{histogram:?}") };
        assert_eq!(texts(&first.attributes), [("mode", "async")]);
        assert_eq!((first.count, first.sum), (5, Some(2.5)));
        assert_eq!((&first.explicit_bounds, &first.bucket_counts), (&vec![0.1, 1.0], &vec![1, 3, 1]));
        assert_eq!((second.count, &second.bucket_counts), (0, &vec![0]));
    }
}
