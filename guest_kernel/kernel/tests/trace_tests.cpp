// Trace points: what they write, and that their identifiers are never given again.

#include "arch/ppc64/percpu.h"
#include "kernel/heap.h"
#include "kernel/test_thread.h"
#include "kernel/trace.h"

#include "arch/ppc64/percpu.h"

namespace kernel {

namespace {

TracePoint& switched_on(TracePoint& point)
{
    point.set_on(true);
    return point;
}

// All records of a point, of any CPU; others are dropped.
unsigned take_records_of(const TracePoint& point, TraceRecord* to, unsigned capacity)
{
    unsigned found = 0;
    TraceRecord record;
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        while (trace_log(cpu).take(&record, 1) == 1) {
            if (record.point == point.id() && found < capacity)
                to[found++] = record;
        }
        static_cast<void>(trace_log(cpu).take_lost());
    }
    return found;
}

// A trace point in memory of its own, which can go as a module's goes.
struct Loaded {
    explicit Loaded(const char* name) : point(name) {}
    ~Loaded() { unload(); }
    void unload()
    {
        const auto first = reinterpret_cast<uint64_t>(this);
        forget_trace_points(first, first + sizeof *this);
    }

    TracePoint point;
};

Test off{"trace.point_that_is_off_writes_nothing", [] {
    Loaded loaded("test.off");
    loaded.point.note(1, 2);
    EXPECT(loaded.point.records() == 0);
    TraceRecord record;
    EXPECT(take_records_of(loaded.point, &record, 1) == 0);
}};

Test notes{"trace.record_says_when_who_where_and_what", [] {
    Loaded loaded("test.on");
    EXPECT(current_thread()->move_to(static_cast<unsigned>(last_cpu())).ok());
    const uint64_t before = now_ns();
    switched_on(loaded.point).note(7, 8);
    TraceRecord record;
    EXPECT(trace_log(static_cast<unsigned>(last_cpu())).take(&record, 1) == 1);
    EXPECT(record.point == loaded.point.id() && record.first == 7 && record.second == 8);
    EXPECT(record.time_ns > before && record.time_ns < now_ns());
    EXPECT(record.thread == current_thread()->id());
}};

Test full{"trace.oldest_records_make_way_and_are_counted", [] {
    constexpr unsigned too_many = 10;
    Loaded loaded("test.full");
    EXPECT(current_thread()->move_to(0).ok());
    TraceRecord record;
    EXPECT(take_records_of(loaded.point, &record, 1) == 0);
    switched_on(loaded.point);
    for (unsigned i = 0; i < TraceLog::capacity + too_many; ++i)
        loaded.point.note(i);
    EXPECT(trace_log(0).take_lost() == too_many && trace_log(0).take_lost() == 0);
    unsigned taken = 0;
    for (; trace_log(0).take(&record, 1) == 1; ++taken)
        EXPECT(record.first == too_many + taken);
    EXPECT(taken == TraceLog::capacity);
    EXPECT(loaded.point.records() == TraceLog::capacity + too_many);
}};

Test gone{"trace.name_of_a_point_that_has_gone_is_kept_until_the_log_is_read", [] {
    char name[trace_name_size];
    const Usage before = usage(Tag::Kernel);
    uint32_t id = 0;
    {
        Loaded loaded("test.gone");
        id = loaded.point.id();
        switched_on(loaded.point).note();
        loaded.unload();
        EXPECT(!loaded.point.on());
    }
    name_trace_point(id, name);
    EXPECT(equal(name, "test.gone"));
    drop_old_trace_names();
    name_trace_point(id, name);
    EXPECT(name[0] == '\0');
    EXPECT(usage(Tag::Kernel).bytes == before.bytes);
    Loaded again("test.gone");
    EXPECT(again.point.id() > id);
    name_trace_point(again.point.id(), name);
    EXPECT(equal(name, "test.gone"));
}};

Test unused{"trace.point_that_wrote_nothing_leaves_no_name", [] {
    const Usage before = usage(Tag::Kernel);
    {
        Loaded loaded("test.unused");
    }
    EXPECT(usage(Tag::Kernel).bytes == before.bytes);
}};

}

}
