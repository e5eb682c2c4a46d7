#include "kernel/init.h"

#include "kernel/generation.h"
#include "kernel/panic.h"
#include "kernel/text.h"

extern "C" {
// Bounds of the linker's section (kernel.lds).
extern const kernel::InitFunction __start_init_functions[];
extern const kernel::InitFunction __stop_init_functions[];
}

namespace kernel {

namespace {

static_assert(sizeof(InitFunction) == abi::INIT_FUNCTION_SIZE);

constexpr InitStage stages[]
    = {InitStage::Devices, InitStage::Objects, InitStage::Services, InitStage::Monitor, InitStage::Workload};

struct InitFunctions {
    const InitFunction* first;
    const InitFunction* last;

    // The one of that stage whose name comes next after `name` (null: the first), or null.
    const InitFunction* next(InitStage stage, const char* name) const
    {
        const InitFunction* next = nullptr;
        for (const InitFunction* each = first; each != last; ++each) {
            if (each->stage != stage || (name != nullptr && compare(each->name, name) <= 0))
                continue;
            if (next == nullptr || compare(each->name, next->name) < 0)
                next = each;
        }
        return next;
    }
};

}

void run_init_functions(InitStage stage)
{
    const InitFunctions functions{__start_init_functions, __stop_init_functions};
    const InitFunction* each = functions.next(stage, nullptr);
    for (; each != nullptr; each = functions.next(stage, each->name)) {
        enter_generation();
        const Status status = each->run();
        leave_generation();
        if (!status.ok())
            panic("%s does not start: %s", each->name, name_of(status.code()));
    }
}

Status run_init_functions(const InitFunction* first, uint64_t count)
{
    const InitFunctions functions{first, first + count};
    for (InitStage stage : stages) {
        const InitFunction* each = functions.next(stage, nullptr);
        for (; each != nullptr; each = functions.next(stage, each->name))
            TRY(each->run());
    }
    return {};
}

}
