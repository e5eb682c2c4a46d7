#include "objects/lazy_step.h"

#include "arch/ppc64/percpu.h"
#include "kernel/guarded.h"
#include "kernel/thread.h"
#include "kernel/wait_queue.h"
#include "objects/adaptors.h"
#include "objects/counted_scope.h"
#include "objects/instance_set.h"
#include "objects/lifetime.h"
#include "objects/priorities.h"
#include "objects/translation_table.h"

namespace objects {

namespace {

// Where callers of claimed instances wait; those of several instances may share one.
struct WaitingRoom {
    // Makes looking at the mark and joining the queue one step for who changes the mark and wakes.
    kernel::SpinLock lock;
    kernel::WaitQueue callers;
};
constexpr unsigned waiting_room_count = 32;
// Bytes; a file's cache and a few syncs that wait for it have room.
constexpr size_t small_transfer = 1024;
constinit WaitingRoom waiting_rooms[waiting_room_count];

WaitingRoom& waiting_room(Reference reference)
{
    return waiting_rooms[table().index(reference) % waiting_room_count];
}

// The mark has changed.
void let_callers_go_on(Reference reference)
{
    auto& room = waiting_room(reference);
    {
        kernel::SpinGuard behind_those_that_saw_the_old_mark(room.lock);
    }
    room.callers.wake_all();
}

}

void wait_while_converting(Reference reference)
{
    auto& room = waiting_room(reference);
    kernel::SpinGuard guard(room.lock);
    while (table().mark(reference) == Mark::Converting)
        room.callers.wait(guard);
}

// Small transfers have their arena on this thread's stack: from here to the commit, or to what fails or faults, nobody
// else uses the parcels.
Status LazyStep::run()
{
    alignas(16) uint8_t arena[small_transfer];
    m_conversion.lend(arena, sizeof arena);
    CountedScope calls_the_page_allocator;
    kernel::current_thread()->converts = true;
    TRY(prepare());
    // Others may wait from here on, whatever the priority of who asked.
    kernel::current_thread()->set_base_priority(swap_priority);
    if (!table().claim(m_reference, m_old)) {
        m_progress = Progress::Lost;
        return Code::BUSY;
    }
    m_progress = Progress::Claimed;
    TRY(transfer());
    commit();
    return {};
}

Status LazyStep::prepare()
{
    if (m_next == nullptr)
        return Code::VERSION;
    const kernel::GuardedFrame calls_the_class;
    m_conversion.adopt(kernel::Owned<Root>(TRY(m_next->make_root())));
    const bool adapted = m_next->interface != m_old.descriptor().interface;
    TRY(m_conversion.prepare(m_old, adapted));
    return adapted ? prepare_adaptor() : Status();
}

Status LazyStep::prepare_adaptor()
{
    const auto& from = m_old.descriptor();
    AdaptorGroup* group = adaptors().find(*from.record, *from.interface, *m_next->interface);
    if (group == nullptr)
        return Code::UNSUPPORTED;
    m_adapted = TRY(adaptors().prepare(m_reference, *group));
    return {};
}

// Nobody is inside any share of the object, so one thread may carry them all.
Status LazyStep::transfer()
{
    m_conversion.freeze();
    for (CpuSet left = m_conversion.cpus(); left != 0; left = static_cast<CpuSet>(left & (left - 1)))
        TRY(m_conversion.export_on(static_cast<unsigned>(__builtin_ctz(left))));
    for (CpuSet left = m_conversion.cpus(); left != 0; left = static_cast<CpuSet>(left & (left - 1)))
        TRY(m_conversion.import_on(static_cast<unsigned>(__builtin_ctz(left))));
    return {};
}

void LazyStep::commit()
{
    auto& record = *m_next->record;
    const bool last = m_next == record.current_version();
    if (last) {
        // Nobody can retire a claimed instance.
        change_class(m_reference, m_conversion.old_class(), *m_next);
        record.lazy.count_converted();
    }
    // With preemption off a fault is a panic: once ownership has begun to move there is no way back.
    kernel::preempt_disable();
    Root& root = m_conversion.hand_over();
    kernel::preempt_enable();
    lead_to(root, last ? Mark::None : Mark::Marked);
    m_progress = Progress::Committed;
    bury_replaced(m_old);
}

void LazyStep::lead_to(Root& root, Mark then)
{
    if (m_adapted == nullptr)
        table().replace_claimed(m_reference, root, then);
    else
        adaptors().commit_claimed(*m_adapted, root, then);
}

void LazyStep::finish(Status status)
{
    if (m_progress == Progress::Preparing || m_progress == Progress::Claimed)
        fail(status.code());
    if (m_progress == Progress::Claimed || m_progress == Progress::Committed)
        let_callers_go_on(m_reference);
    if (m_adapted != nullptr)
        adaptors().conclude(*m_adapted);
    // It may have been the last caller of an old interface.
    if (m_progress == Progress::Committed && adaptors().any() && !others_marked())
        adaptors().look_again();
}

bool LazyStep::others_marked() const
{
    CountedScope keeps_the_set;
    auto* set = m_next->record->instance_set();
    return set != nullptr && set->count(InstanceList::Marked) != 0;
}

// A step that was not claimed fails for its instance only if nobody else has claimed it meanwhile.
void LazyStep::fail(Code reason)
{
    CountedScope keeps_the_entry;
    const bool was_claimed = m_progress == Progress::Claimed;
    if (was_claimed)
        table().give_up_claim(m_reference);
    else if (!table().unmark(m_reference, m_old))
        return;
    auto& record = *m_old.descriptor().record;
    record.lazy.count_failed(reason);
    record.instance_set()->move(table().name(m_reference), InstanceList::Failed).ignore();
}

}
