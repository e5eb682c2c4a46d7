// Trace points, and the log that they write.
#pragma once

#include "kernel/registry.h"

namespace kernel {

inline constexpr size_t trace_name_size = 48;

// A place in the code that notes when it is passed, with two numbers, once it is switched on:
// `static kernel::TracePoint point{"region.fault"}; point.note(address, access);`. Its identifier is given when it is
// registered, by the kernel at start or by a module as it is loaded, and never again: there is no list of all trace
// points that an update would have to change. Passed from any level, with any lock held; off it costs a load and a
// branch.
class TracePoint {
public:
    explicit TracePoint(const char* name);
    TracePoint(const TracePoint&) = delete;
    TracePoint& operator=(const TracePoint&) = delete;

    void note(uint64_t first = 0, uint64_t second = 0)
    {
        // Relaxed: whether a record is made just before or just after the switch orders nothing.
        if (__atomic_load_n(&m_on, __ATOMIC_RELAXED)) [[unlikely]]
            record(first, second);
    }
    void set_on(bool on) { __atomic_store_n(&m_on, on, __ATOMIC_RELAXED); }

    uint32_t id() const { return m_id; }
    const char* name() const { return m_name; }
    bool on() const { return __atomic_load_n(&m_on, __ATOMIC_RELAXED); }
    // Records that it has made.
    uint64_t records() const { return __atomic_load_n(&m_records, __ATOMIC_RELAXED); }

    TracePoint* next = nullptr;

private:
    void record(uint64_t first, uint64_t second);

    const char* m_name;
    uint32_t m_id;
    bool m_on = false;
    uint64_t m_records = 0;
};

struct TraceRecord {
    uint64_t time_ns;
    uint64_t thread;
    uint64_t first;
    uint64_t second;
    uint32_t point;
};

// What the points of one CPU have written and nobody has taken yet; the oldest records make way for new ones.
class TraceLog {
public:
    static constexpr unsigned capacity = 256;

    constexpr TraceLog() = default;
    TraceLog(const TraceLog&) = delete;
    TraceLog& operator=(const TraceLog&) = delete;

    void add(const TraceRecord& record);
    // Moves the oldest ones to `to`; how many.
    unsigned take(TraceRecord* to, unsigned count);
    // Records that made way since the last time that this was asked.
    uint64_t take_lost();

private:
    // Guards the rest; innermost. Other CPUs take from the log.
    SpinLock m_lock;
    uint64_t m_added = 0;
    uint64_t m_taken = 0;
    uint64_t m_lost = 0;
    TraceRecord m_records[capacity] = {};
};

// Of a CPU of this machine.
TraceLog& trace_log(unsigned cpu);

Registry<TracePoint>& trace_points();
// Those in [first, end), off from now on. Their names are kept as long as the log may hold records of them.
void forget_trace_points(uint64_t first, uint64_t end);
// The name of the point that has or had that identifier, empty when it is not known any more.
void name_trace_point(uint32_t id, char (&name)[trace_name_size]);
// The log was read to its end: the names of points that are gone are not needed any more.
void drop_old_trace_names();

}
