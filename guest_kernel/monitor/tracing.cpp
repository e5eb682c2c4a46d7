// Which trace points there are, switching them, and reading what they wrote.

#include "arch/ppc64/percpu.h"
#include "devices/mailbox.h"
#include "kernel/init.h"
#include "kernel/trace.h"
#include "monitor/module_of.h"
#include "objects/counted_scope.h"

namespace monitor {

namespace {

using devices::ValueReader;
using devices::ValueWriter;
using kernel::Code;
using kernel::Status;
using kernel::TracePoint;

// Taken from a log at a time, with interrupts off.
constexpr unsigned batch = 8;

struct Points {
    static constexpr unsigned capacity = 128;
    const TracePoint* points[capacity];
    unsigned count = 0;
};

Status list_points(ValueReader&, ValueWriter& result)
{
    objects::CountedScope keeps_the_points;
    Points found;
    kernel::trace_points().for_each([&found](const TracePoint& point) {
        if (found.count < Points::capacity)
            found.points[found.count++] = &point;
    });
    for (unsigned i = 0; i < found.count; ++i) {
        const TracePoint& point = *found.points[i];
        result.begin_list();
        result.number(point.id());
        result.text(point.name());
        result.number(point.on());
        result.number(point.records());
        result.number(module_of(&point));
        result.end_list();
    }
    return {};
}

// By name, for that is what people know; there may be several of one name, of which one is on its way out.
Status switch_points(ValueReader& arguments, ValueWriter& result)
{
    char name[kernel::trace_name_size];
    TRY(arguments.text(name, sizeof name));
    const bool on = TRY(arguments.number()) != 0;
    uint64_t switched = 0;
    kernel::trace_points().for_each([&](TracePoint& point) {
        if (!kernel::equal(point.name(), name))
            return;
        point.set_on(on);
        ++switched;
    });
    result.number(switched);
    return switched == 0 ? Status(Code::NOT_FOUND) : Status();
}

void write_record(ValueWriter& result, unsigned cpu, const kernel::TraceRecord& record)
{
    char name[kernel::trace_name_size];
    kernel::name_trace_point(record.point, name);
    result.begin_list();
    result.number(record.time_ns);
    result.number(cpu);
    result.number(record.thread);
    result.number(record.point);
    result.text(name);
    result.number(record.first);
    result.number(record.second);
    result.end_list();
}

Status read_logs(ValueReader&, ValueWriter& result)
{
    uint64_t lost = 0;
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu)
        lost += kernel::trace_log(cpu).take_lost();
    result.number(lost);
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        kernel::TraceRecord records[batch];
        // At most what the log holds, or a busy point would keep its reader for ever.
        for (unsigned round = 0; round < kernel::TraceLog::capacity / batch; ++round) {
            const unsigned count = kernel::trace_log(cpu).take(records, batch);
            for (unsigned i = 0; i < count; ++i)
                write_record(result, cpu, records[i]);
        }
    }
    kernel::drop_old_trace_names();
    return {};
}

Status start()
{
    TRY(devices::mailbox::register_handler(abi::Operation::TRACE_POINTS, list_points));
    TRY(devices::mailbox::register_handler(abi::Operation::TRACE_SWITCH, switch_points));
    return devices::mailbox::register_handler(abi::Operation::TRACE_READ, read_logs);
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{kernel::InitStage::Monitor,
                                                                                  "monitor.tracing", start};

}

}
