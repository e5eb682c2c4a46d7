#include "objects/lazy.h"

#include "kernel/generation.h"
#include "kernel/thread.h"
#include "objects/counted_scope.h"
#include "objects/instance_set.h"
#include "objects/lazy_step.h"
#include "objects/marker.h"
#include "objects/priorities.h"
#include "objects/translation_table.h"

namespace objects {

namespace {

// This thread has a part in a conversion for so long.
class [[nodiscard]] ConvertingScope {
public:
    ConvertingScope() : m_before(kernel::current_thread()->converts) { kernel::current_thread()->converts = true; }
    ~ConvertingScope() { kernel::current_thread()->converts = m_before; }
    ConvertingScope(const ConvertingScope&) = delete;
    ConvertingScope& operator=(const ConvertingScope&) = delete;

private:
    bool m_before;
};

// Serves the call by what is there.
void promote(Reference reference, Root& root, ClassRecord& record)
{
    if (!table().unmark(reference, root))
        return;
    record.lazy.count_promoted();
    record.instance_set()->move(table().name(reference), InstanceList::Promoted).ignore();
}

// It is what it is to be.
void take_mark_off(Reference reference, Root& root)
{
    if (table().unmark(reference, root))
        root.descriptor().record->instance_set()->refile(reference, root.descriptor());
}

}

const ClassDescriptor* next_towards(const ClassDescriptor& from, const ClassDescriptor& aim)
{
    return find_version(*aim.record, from.version < aim.version ? from.version + 1 : from.version - 1);
}

void begin_marking(ClassRecord& record)
{
    record.lazy.begin_round();
}

void mark_home(ClassRecord& record, unsigned cpu)
{
    auto& set = *record.instance_set();
    Marker marker(*record.current_version(), record.lazy.round());
    while (set.mark(cpu, marker) != 0) {
    }
}

void put_marks_in_force(ClassRecord& record)
{
    // Whoever was inside an instance when it was marked is gone afterwards.
    kernel::generations().wait_for_all_cpus();
    record.lazy.put_in_force();
    // And so is whoever met a mark before, and may let itself in.
    kernel::generations().wait_for_all_cpus();
}

void unmark_home(ClassRecord& record, unsigned cpu)
{
    auto& set = *record.instance_set();
    const auto* aim = record.current_version();
    const auto unmark = [aim](GlobalEntry& entry, Reference) { return table().unmark_or_sort(entry, *aim); };
    while (set.sort(cpu, InstanceList::Marked, unmark) != 0) {
    }
}

// The conversions of a change that was given up may be what never ends. A thread that converts does not convert another
// object on its way (its memory comes from objects that may be marked):
// that would nest without end.
void meet_marked(Reference reference, Root& root, MarkRound round)
{
    auto& record = *root.descriptor().record;
    if (!record.lazy.in_force(round) || record.lazy.given_up() || kernel::current_thread()->converts)
        promote(reference, root, record);
    else
        convert_marked(reference, root, swap_priority);
}

void convert_marked(Reference reference, Root& root, unsigned priority)
{
    const auto& from = root.descriptor();
    const auto* aim = from.record->current_version();
    if (&from == aim) {
        take_mark_off(reference, root);
        return;
    }
    const ConvertingScope scope;
    LazyStep step(reference, root, next_towards(from, *aim));
    run_guarded_task(step, priority, from.record->lazy.step_limit_ns());
}

bool convert_named(ReferenceName name, unsigned priority)
{
    CountedScope keeps_root_and_entry;
    const Reference reference = table().find(name);
    Root* root = reference == nullptr ? nullptr : table().root(reference);
    if (root == nullptr || table().mark(reference) != Mark::Marked)
        return false;
    convert_marked(reference, *root, priority);
    return true;
}

}
