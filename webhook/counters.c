/* SPDX-License-Identifier: Apache-2.0 */
/* counters: see the header. */
#include "counters.h"

#include "pinnace/banned.h"

static const uint64_t latency_bounds[LATENCIES] = {
    25000, 50000, 100000, 250000, 500000, 1000000, 5000000, 25000000, 100000000, 1000000000,
};

static const struct str verdict_names[COUNTED_VERDICTS] = {
    [COUNTED_ALLOWED] = STR_INIT("allowed"),
    [COUNTED_EXEMPT] = STR_INIT("exempt"),
    [COUNTED_VIOLATION] = STR_INIT("violation"),
    [COUNTED_REFUSED] = STR_INIT("refused"),
};

static const struct str error_names[COUNTED_ERRORS] = {
    [ERROR_NOT_FOUND] = STR_INIT("not_found"), [ERROR_METHOD] = STR_INIT("method"),
    [ERROR_TYPE] = STR_INIT("content_type"),   [ERROR_BAD_REVIEW] = STR_INIT("bad_review"),
    [ERROR_NO_MEMORY] = STR_INIT("no_memory"), [ERROR_INTERNAL] = STR_INIT("internal"),
};

static uint64_t get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static enum counted_verdict verdict_of(const struct review_outcome *outcome)
{
    if (!outcome->allowed)
        return COUNTED_REFUSED;
    if (outcome->violates)
        return COUNTED_VIOLATION;
    return outcome->verdict.count[FINDING_EXEMPT] ? COUNTED_EXEMPT : COUNTED_ALLOWED;
}

void counters_add_answer(struct counters *counters, const struct review_path *path,
                         const struct review_outcome *outcome, uint64_t nanoseconds)
{
    int level = path->unknown ? LEVEL_UNKNOWN : (int)path->level;
    size_t bucket = 0;
    counter_add(&counters->requests[path->mode][level][verdict_of(outcome)]);
    for (size_t i = 0; i < outcome->verdict.kept; i++)
        if (outcome->verdict.findings[i].weight == FINDING_REFUSED)
            counter_add(&counters->reasons[outcome->verdict.findings[i].reason]);
    while (bucket < LATENCIES && nanoseconds > latency_bounds[bucket])
        bucket++;
    counter_add(&counters->latency[bucket]);
    atomic_fetch_add_explicit(&counters->latency_sum, nanoseconds, memory_order_relaxed);
}

static void write_requests(const struct counters *counters, struct buf *out)
{
    struct metric_family family =
        metric_open(out, "pinnace_admission_requests_total", METRIC_COUNTER,
                    "Reviews answered; a violation was let in since the mode only tells");
    for (int mode = 0; mode < MODES; mode++)
        for (int level = LEVEL_TAGGED; level <= LEVEL_UNKNOWN; level++)
            for (int verdict = 0; verdict < COUNTED_VERDICTS; verdict++) {
                const struct metric_label labels[] = {
                    {"mode", mode_names[mode]},
                    {"level", level == LEVEL_UNKNOWN ? STR("unknown") : level_names[level]},
                    {"verdict", verdict_names[verdict]},
                    {NULL, STR_NONE}};
                metric_add(&family, labels,
                           (int64_t)get(&counters->requests[mode][level][verdict]));
            }
}

static void write_list(struct buf *out, const char *name, const char *help, const char *label,
                       const struct str names[], const _Atomic uint64_t values[], int begin,
                       int end)
{
    struct metric_family family = metric_open(out, name, METRIC_COUNTER, help);
    for (int i = begin; i < end; i++) {
        const struct metric_label labels[] = {{label, names[i]}, {NULL, STR_NONE}};
        metric_add(&family, labels, (int64_t)get(&values[i]));
    }
}

static void write_objects(const struct counters *counters, struct buf *out)
{
    static const struct str names[SUBJECTS] = {[SUBJECT_PIN_POLICY] = STR_INIT("pinpolicy"),
                                               [SUBJECT_EXEMPTION] = STR_INIT("exemption"),
                                               [SUBJECT_NAMESPACE] = STR_INIT("namespace"),
                                               [SUBJECT_TRACK] = STR_INIT("track")};
    struct metric_family family =
        metric_open(out, "pinnace_object_reviews_total", METRIC_COUNTER,
                    "Reviews of what Pinnace goes by itself, and of levels of namespaces");
    for (int subject = SUBJECT_PODS + 1; subject < SUBJECT_TRACKED_APPLY; subject++)
        for (int allowed = 0; allowed < 2; allowed++) {
            const struct metric_label labels[] = {
                {"of", names[subject]},
                {"verdict", verdict_names[allowed ? COUNTED_ALLOWED : COUNTED_REFUSED]},
                {NULL, STR_NONE}};
            metric_add(&family, labels, (int64_t)get(&counters->objects[subject][allowed]));
        }
}

static void write_applies(const struct counters *counters, struct buf *out)
{
    const struct metric_label replaced[] = {{"result", STR("replaced")}, {NULL, STR_NONE}};
    const struct metric_label left[] = {{"result", STR("left")}, {NULL, STR_NONE}};
    struct metric_family family =
        metric_open(out, "pinnace_tracked_applies_total", METRIC_COUNTER,
                    "Workloads seen by tracked apply, by whether an image of theirs was replaced");
    metric_add(&family, replaced, (int64_t)get(&counters->applies[true]));
    metric_add(&family, left, (int64_t)get(&counters->applies[false]));
}

static void write_latency(const struct counters *counters, struct buf *out)
{
    uint64_t counts[LATENCIES + 1];
    struct metric_family family =
        metric_open(out, "pinnace_admission_duration_seconds", METRIC_HISTOGRAM,
                    "From the request line to the answer, the arrival of the body included");
    for (int i = 0; i <= LATENCIES; i++)
        counts[i] = get(&counters->latency[i]);
    const struct metric_buckets buckets = {latency_bounds, counts, LATENCIES,
                                           get(&counters->latency_sum)};
    metric_add_buckets(&family, NULL, &buckets);
}

static void write_results(struct buf *out, const char *name, const char *help, uint64_t good,
                          uint64_t bad)
{
    const struct metric_label went_well[] = {{"result", STR("good")}, {NULL, STR_NONE}};
    const struct metric_label did_not[] = {{"result", STR("bad")}, {NULL, STR_NONE}};
    struct metric_family family = metric_open(out, name, METRIC_COUNTER, help);
    metric_add(&family, went_well, (int64_t)good);
    metric_add(&family, did_not, (int64_t)bad);
}

void counters_write(struct counters *counters, struct buf *out)
{
    write_requests(counters, out);
    write_list(out, "pinnace_admission_reasons_total",
               "Images against a level, the first 20 of each review", "reason", reason_names,
               counters->reasons, REASON_NONE + 1, REASONS);
    write_objects(counters, out);
    write_applies(counters, out);
    write_list(out, "pinnace_admission_errors_total", "Requests that got no verdict", "error",
               error_names, counters->errors, 0, COUNTED_ERRORS);
    write_latency(counters, out);
    write_results(out, "pinnace_snapshot_reloads_total", "How often policy and ledger were read",
                  get(&counters->reloads), get(&counters->failed_reloads));
    write_results(out, "pinnace_fresh_reads_total",
                  "How often a namespace's ledger was asked for before an image was refused",
                  get(&counters->fresh_reads[true]), get(&counters->fresh_reads[false]));
    metric_write(
        out, "pinnace_unusable_objects", METRIC_GAUGE,
        "PinPolicies, Exemptions and Tracks that cannot be meant; what they said before counts",
        (int64_t)get(&counters->bad_objects));
    metric_write(out, "pinnace_watch_failures_total", METRIC_COUNTER,
                 "How often following PinPolicies, Exemptions and Tracks failed; it is tried again",
                 (int64_t)get(&counters->watch_failures));
    metric_write(out, "pinnace_longest_turn_milliseconds", METRIC_GAUGE,
                 "The longest turn of the loop that follows the cluster, in the last minute",
                 (int64_t)get(&counters->longest_turn_ms));
}
