#include "monitor/module_of.h"

#include "devices/module_space.h"

namespace monitor {

uint64_t module_of(const void* address)
{
    struct Search {
        uint64_t address;
        uint64_t module;
    } search{reinterpret_cast<uint64_t>(address), 0};
    const auto compare = [](const devices::Module& module, void* context) {
        auto& wanted = *static_cast<Search*>(context);
        if (module.contains(wanted.address))
            wanted.module = module.id;
    };
    devices::module_space().for_each(compare, &search);
    return search.module;
}

}
