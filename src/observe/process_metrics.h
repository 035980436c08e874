#ifndef CREDENTIAL_BROKER_OBSERVE_PROCESS_METRICS_H_
#define CREDENTIAL_BROKER_OBSERVE_PROCESS_METRICS_H_

#include "observe/metric_writer.h"

namespace credential_broker::observe {

// What Prometheus' clients tell of the process, process_*, from /proc (proc(5)). A family whose
// source cannot be read is left out.
void WriteProcessMetrics(MetricWriter& writer);

}  // namespace credential_broker::observe

#endif  // CREDENTIAL_BROKER_OBSERVE_PROCESS_METRICS_H_
