// What a module has registered in the kernel's registries goes with it.

#include "devices/module_loader.h"
#include "kernel/command.h"
#include "kernel/init.h"
#include "kernel/test.h"
#include "kernel/trace.h"

namespace monitor {

namespace {

class Registrations final : public devices::ModuleUser {
public:
    // Whoever runs a command or a test pins its module meanwhile.
    bool uses(const devices::Module&) override { return false; }

    void retract(const devices::Module& module) override
    {
        const uint64_t first = module.base();
        const uint64_t end = first + module.pages() * abi::PAGE_SIZE;
        kernel::commands().forget(first, end);
        kernel::tests().forget(first, end);
        kernel::forget_trace_points(first, end);
    }
};

constinit Registrations registrations;

kernel::Status start()
{
    devices::add_module_user(registrations);
    return {};
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{kernel::InitStage::Monitor,
                                                                                  "monitor.registrations", start};

}

}
