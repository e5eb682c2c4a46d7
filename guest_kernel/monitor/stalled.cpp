// Who holds up a generation: the counted threads, and the tracked call that each is in.

#include "devices/mailbox.h"
#include "kernel/generation.h"
#include "kernel/init.h"
#include "kernel/owned.h"
#include "kernel/text.h"
#include "kernel/thread.h"
#include "monitor/reference_text.h"
#include "monitor/report_stalled.h"
#include "monitor/thread_stack.h"
#include "objects/counted_scope.h"

namespace monitor {

namespace {

struct Counted {
    kernel::CountedThread thread;
    char name[kernel::thread_name_size];
    const objects::Interposer* inside;
};

// Filled under the lock of a generation, resolved afterwards.
struct Snapshot {
    static constexpr unsigned capacity = 128;
    Counted threads[capacity];
    unsigned count = 0;
};

void note(const kernel::CountedThread& counted, void* context)
{
    auto& snapshot = *static_cast<Snapshot*>(context);
    if (snapshot.count == Snapshot::capacity)
        return;
    Counted& entry = snapshot.threads[snapshot.count++];
    entry.thread = counted;
    kernel::copy_text(entry.name, sizeof entry.name, counted.thread->name());
    const unsigned depth = counted.thread->call_records.depth();
    entry.inside = nullptr;
    if (depth > 0 && depth <= objects::RecordStack::capacity)
        entry.inside = counted.thread->call_records.top().interposer;
}

// The reference that an interposer stands in front of, or null. A thread that runs changes its records while they are
// read: what was found there is compared with what the table has, never followed.
objects::Reference reference_of(const objects::Interposer* interposer)
{
    auto& table = objects::table();
    for (uint32_t index = 1; interposer != nullptr && index < table.high_water(); ++index) {
        if (table.innermost(table.at(index)) == interposer)
            return table.at(index);
    }
    return nullptr;
}

void write(const Counted& counted, devices::ValueWriter& result)
{
    const objects::Reference reference = reference_of(counted.inside);
    result.begin_list();
    result.number(counted.thread.thread_id);
    result.text(counted.name);
    result.number(counted.thread.cpu);
    result.number(counted.thread.generation);
    result.text(reference == nullptr ? "" : ReferenceText(reference).text());
    result.number(counted.thread.since_ns);
    result.end_list();
}

// Null when there is no memory for it.
kernel::Owned<Snapshot> take_snapshot()
{
    kernel::Owned<Snapshot> snapshot;
    {
        objects::CountedScope calls_the_page_allocator;
        snapshot = kernel::Owned<Snapshot>(kernel::make<Snapshot>(kernel::Tag::Kernel));
    }
    if (snapshot)
        kernel::for_each_counted(note, snapshot.get());
    return snapshot;
}

Status list_counted(devices::ValueReader&, devices::ValueWriter& result)
{
    auto snapshot = take_snapshot();
    if (!snapshot)
        return Code::NO_MEMORY;
    for (unsigned i = 0; i < snapshot->count; ++i)
        write(snapshot->threads[i], result);
    objects::CountedScope frees_through_the_page_allocator;
    snapshot = {};
    return {};
}

// The frames that an event has room for.
constexpr size_t reported_frames = 12;

void report(uint64_t update, const char* step, const Counted& counted)
{
    devices::mailbox::EventWriter event(abi::EventKind::UPDATE_STALLED);
    event.number(update);
    event.text(step);
    write(counted, event);
    ThreadStack stack;
    // Of one that runs there is none to show.
    stack.walk(counted.thread.thread_id).ignore();
    event.begin_list();
    stack.write(event, reported_frames);
    event.end_list();
    event.post().ignore();
}

Status start() { return devices::mailbox::register_handler(abi::Operation::STALLED, list_counted); }

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{kernel::InitStage::Monitor,
                                                                                  "monitor.stalled", start};

}

// Only for people: without memory for it nothing is told.
void report_stalled(uint64_t update, const char* step, uint64_t since_ns)
{
    auto snapshot = take_snapshot();
    for (unsigned i = 0; snapshot && i < snapshot->count; ++i) {
        if (snapshot->threads[i].thread.since_ns <= since_ns)
            report(update, step, snapshot->threads[i]);
    }
    objects::CountedScope frees_through_the_page_allocator;
    snapshot = {};
}

}
