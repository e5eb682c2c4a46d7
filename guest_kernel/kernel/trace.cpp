#include "kernel/trace.h"

#include "arch/ppc64/percpu.h"
#include "kernel/clock.h"
#include "kernel/heap.h"
#include "kernel/thread.h"

namespace kernel {

namespace {

constinit Registry<TracePoint> points;
constinit TraceLog logs[abi::MAX_CPUS];
constinit uint32_t last_id = 0;

// The name of a point whose code has gone.
struct OldName {
    uint32_t id = 0;
    char text[trace_name_size] = {};
    OldName* next = nullptr;
};
// Guards the list of old names. Innermost.
constinit SpinLock old_names_lock;
constinit OldName* old_names = nullptr;

// Without memory the records of that point are nameless.
void keep_name(uint32_t id, const char* text)
{
    auto* name = make<OldName>(Tag::Kernel);
    if (name == nullptr)
        return;
    name->id = id;
    copy_text(name->text, trace_name_size, text);
    SpinGuard guard(old_names_lock);
    name->next = old_names;
    old_names = name;
}

}

TracePoint::TracePoint(const char* name) : m_name(name), m_id(__atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED))
{
    points.add(*this);
}

void TracePoint::record(uint64_t first, uint64_t second)
{
    __atomic_fetch_add(&m_records, 1, __ATOMIC_RELAXED);
    const IrqGuard stays_on_this_cpu;
    logs[arch::cpu_id()].add({now_ns(), current_thread()->id(), first, second, m_id});
}

void TraceLog::add(const TraceRecord& record)
{
    SpinGuard guard(m_lock);
    if (m_added - m_taken == capacity) {
        ++m_taken;
        ++m_lost;
    }
    m_records[m_added++ % capacity] = record;
}

unsigned TraceLog::take(TraceRecord* to, unsigned count)
{
    SpinGuard guard(m_lock);
    unsigned taken = 0;
    while (taken < count && m_taken < m_added)
        to[taken++] = m_records[m_taken++ % capacity];
    return taken;
}

uint64_t TraceLog::take_lost()
{
    SpinGuard guard(m_lock);
    const uint64_t lost = m_lost;
    m_lost = 0;
    return lost;
}

TraceLog& trace_log(unsigned cpu)
{
    return logs[cpu];
}

Registry<TracePoint>& trace_points()
{
    return points;
}

void forget_trace_points(uint64_t first, uint64_t end)
{
    const auto inside = [first, end](const TracePoint& point) {
        const auto address = reinterpret_cast<uint64_t>(&point);
        return address >= first && address < end;
    };
    // Names are kept one by one, for memory is not allocated under the registry's lock.
    const char* after = nullptr;
    while (const TracePoint* point = points.next(after, inside)) {
        if (point->records() > 0)
            keep_name(point->id(), point->name());
        after = point->name();
    }
    points.forget(first, end, [](TracePoint& point) { point.set_on(false); });
}

void name_trace_point(uint32_t id, char (&name)[trace_name_size])
{
    name[0] = '\0';
    points.for_each([id, &name](const TracePoint& point) {
        if (point.id() == id)
            copy_text(name, trace_name_size, point.name());
    });
    SpinGuard guard(old_names_lock);
    for (const OldName* old = old_names; old != nullptr; old = old->next) {
        if (old->id == id)
            copy_text(name, trace_name_size, old->text);
    }
}

void drop_old_trace_names()
{
    OldName* dropped = nullptr;
    {
        SpinGuard guard(old_names_lock);
        dropped = old_names;
        old_names = nullptr;
    }
    while (dropped != nullptr) {
        OldName* next = dropped->next;
        destroy(dropped);
        dropped = next;
    }
}

}
