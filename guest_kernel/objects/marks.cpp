// The table's side of marks: each is a change of one global entry under its lock. Batches are marked by a Marker.

#include "kernel/panic.h"
#include "objects/instance_set.h"
#include "objects/translation_table.h"

namespace objects {

InstanceList TranslationTable::unmark_or_sort(GlobalEntry& entry, const ClassDescriptor& aim)
{
    if (entry.root == nullptr)
        return InstanceList::None;
    if (mark_of(entry) == Mark::Converting || &entry.root->descriptor() != &aim)
        return InstanceList::Old;
    set(entry, Mark::None);
    return InstanceList::Current;
}

Mark TranslationTable::mark(Reference reference)
{
    return mark_of(entry(reference));
}

bool TranslationTable::claim(Reference reference, const Root& expected)
{
    auto& global = entry(reference);
    kernel::SpinGuard guard(global.lock);
    if (mark_of(global) != Mark::Marked || global.root != &expected)
        return false;
    set(global, Mark::Converting);
    return true;
}

// No local entry leads to the old object, hence none has to be flushed.
void TranslationTable::replace_claimed(Reference reference, Root& root, Mark then)
{
    auto& global = entry(reference);
    kernel::SpinGuard guard(global.lock);
    ASSERT(mark_of(global) == Mark::Converting);
    root.set_reference(reference);
    // Release: `root` is read without the lock.
    __atomic_store_n(&global.root, &root, __ATOMIC_RELEASE);
    set(global, then);
}

void TranslationTable::give_up_claim(Reference reference)
{
    auto& global = entry(reference);
    kernel::SpinGuard guard(global.lock);
    ASSERT(mark_of(global) == Mark::Converting);
    set(global, Mark::None);
}

bool TranslationTable::unmark(Reference reference, const Root& expected)
{
    auto& global = entry(reference);
    kernel::SpinGuard guard(global.lock);
    if (mark_of(global) != Mark::Marked || global.root != &expected)
        return false;
    set(global, Mark::None);
    return true;
}

}
