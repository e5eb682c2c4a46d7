#include "objects/callers.h"

#include "kernel/text.h"
#include "objects/adaptors.h"
#include "objects/class_record.h"

namespace objects {

uint64_t instances_below(const CallerClass& caller)
{
    const ClassRecord* record = find_record(caller.name);
    const ClassDescriptor* made = record == nullptr ? nullptr : record->current_version();
    // A factory that makes old instances counts as one.
    uint64_t found = made != nullptr && made->version < caller.version;
    for (uint32_t index = 1; index < table().high_water(); ++index) {
        const Root* root = table().root(table().at(index));
        if (root == nullptr)
            continue;
        const auto& descriptor = root->descriptor();
        found += kernel::equal(descriptor.name, caller.name) && descriptor.version < caller.version;
    }
    return found;
}

}
