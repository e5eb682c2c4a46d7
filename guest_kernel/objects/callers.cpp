#include "objects/callers.h"

#include "kernel/text.h"
#include "objects/adaptors.h"

namespace objects {

uint64_t instances_calling(const CallerClass& caller)
{
    uint64_t found = 0;
    for (uint32_t index = 1; index < table().high_water(); ++index) {
        const Root* root = table().root(table().at(index));
        if (root == nullptr)
            continue;
        const auto& descriptor = root->descriptor();
        found += kernel::equal(descriptor.name, caller.name)
            && (descriptor.version >= caller.version) == caller.from_version_on;
    }
    return found;
}

}
