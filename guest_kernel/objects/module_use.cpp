#include "objects/module_use.h"

#include "objects/adaptors.h"
#include "objects/hot_swap.h"
#include "objects/translation_table.h"

namespace objects {

bool classes_in_use(uint64_t first, uint64_t end)
{
    if (adaptors().use(first, end))
        return true;
    const auto inside = [first, end](const ClassDescriptor& descriptor) {
        const auto address = reinterpret_cast<uint64_t>(&descriptor);
        return address >= first && address < end;
    };
    for (uint32_t index = 1; index < table().high_water(); ++index) {
        const Reference reference = table().at(index);
        if (const Root* root = table().root(reference); root != nullptr && inside(root->descriptor()))
            return true;
        if (const HotSwap* swap = swap_of(reference); swap != nullptr && inside(swap->new_class()))
            return true;
    }
    return false;
}

}
