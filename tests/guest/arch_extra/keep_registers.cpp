// Runs the loop of keep_registers.S as often as the boot argument `rounds` says, and reports.
#include "kernel/boot_argument.h"
#include "kernel/init.h"
#include "kernel/print.h"

extern "C" uint64_t keep_registers(uint64_t rounds);

namespace {

kernel::Status run()
{
    char text[16];
    if (!kernel::boot_argument("rounds", text, sizeof(text)))
        return {};
    uint64_t rounds = 0;
    for (const char* digit = text; *digit != 0; ++digit)
        rounds = rounds * 10 + static_cast<uint64_t>(*digit - '0');
    kernel::print("registers %s", keep_registers(rounds) == 1 ? "kept" : "changed");
    return {};
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction s_registers{
    kernel::InitStage::Monitor, "aaa-registers", run};

}
