#include "objects/callers.h"

#include "kernel/text.h"
#include "objects/class_record.h"
#include "objects/counted_scope.h"
#include "objects/instance_set.h"
#include "objects/translation_table.h"

namespace objects {

namespace {

// Without a look at each: known when no instance is on its way from one version to another.
bool all_of_one_version(const ClassRecord& record, uint64_t& count)
{
    CountedScope keeps_the_set;
    auto* set = record.instance_set();
    count = set == nullptr ? 0 : set->count();
    return set != nullptr && count == set->count(InstanceList::Current);
}

}

uint64_t instances_of(const char* name, uint64_t version, bool from_version_on)
{
    constexpr uint32_t part = 256;
    uint64_t found = 0;
    const auto* record = find_record(name);
    const auto* current = record == nullptr ? nullptr : record->current_version();
    uint64_t tracked = 0;
    if (current != nullptr && all_of_one_version(*record, tracked) && current == record->current_version())
        return (current->version >= version) == from_version_on ? tracked : 0;
    for (uint32_t first = 1; first < table().high_water(); first += part) {
        CountedScope keeps_roots;
        for (uint32_t index = first; index < first + part && index < table().high_water(); ++index) {
            const Root* root = table().root(table().at(index));
            if (root == nullptr)
                continue;
            const auto& descriptor = root->descriptor();
            const bool of_the_class = descriptor.record == nullptr ? kernel::equal(descriptor.name, name) : descriptor.record == record;
            found += of_the_class && (descriptor.version >= version) == from_version_on;
        }
    }
    return found;
}

}
