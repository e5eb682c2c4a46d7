// The commands of the kernel and its modules, and their in-guest tests, run when someone asks.

#include "devices/mailbox.h"
#include "kernel/command.h"
#include "kernel/init.h"
#include "kernel/mutex.h"
#include "kernel/print.h"
#include "kernel/test.h"
#include "kernel/thread.h"
#include "monitor/module_of.h"
#include "monitor/pinned_text.h"
#include "objects/counted_scope.h"

namespace monitor {

namespace {

using devices::ValueReader;
using devices::ValueWriter;
using kernel::Code;
using kernel::Command;
using kernel::Status;
using kernel::Test;

constexpr size_t name_size = 96;
constexpr size_t words_size = 512;

bool any(const Command&) { return true; }

Status list_commands(ValueReader&, ValueWriter& result)
{
    objects::CountedScope keeps_the_commands;
    for (const Command* each = kernel::commands().next(nullptr, any); each != nullptr;
         each = kernel::commands().next(each->name(), any)) {
        result.begin_list();
        result.text(each->name());
        result.text(each->summary());
        result.number(module_of(each));
        result.end_list();
    }
    return {};
}

// What a registry gives, kept from being unloaded from the moment in which it was found.
template <typename T, typename Find>
kernel::Result<const T*> find_and_pin(PinnedText& text, Find find)
{
    objects::CountedScope keeps_it;
    const T* found = find();
    if (found == nullptr)
        return Code::NOT_FOUND;
    TRY(text.pin(found));
    return found;
}

Status run_command(ValueReader& arguments, ValueWriter&)
{
    char name[name_size];
    char words[words_size];
    TRY(arguments.text(name, sizeof name));
    TRY(arguments.text(words, sizeof words));
    PinnedText text;
    const auto* command = TRY(find_and_pin<Command>(text, [&name] { return kernel::commands().find(name); }));
    const Status status = command->run(words);
    // There is nobody to wait and call again.
    return status.is_parked() ? Status(Code::INVALID) : status;
}

// One test at a time: expectations are noted for the one that runs.
constinit kernel::Mutex tests_lock;

void write_outcome(ValueWriter& result, const Test& test, bool well)
{
    result.begin_list();
    result.text(test.name());
    result.text(well ? "" : kernel::test_failure());
    result.end_list();
}

// Tests of the kernel expect a system in which nothing else goes on: only those of modules are run.
Status run_tests(ValueReader& arguments, ValueWriter& result)
{
    char prefix[name_size];
    TRY(arguments.text(prefix, sizeof prefix));
    kernel::MutexGuard guard(tests_lock);
    char last[name_size] = "";
    for (;;) {
        PinnedText text;
        const auto found = find_and_pin<Test>(text, [&prefix, &last] {
            const Test* test = kernel::next_test(prefix, last[0] == '\0' ? nullptr : last);
            while (test != nullptr && module_of(test) == 0)
                test = kernel::next_test(prefix, test->name());
            return test;
        });
        if (found.code() == Code::NOT_FOUND)
            return {};
        const Test& test = *TRY(found);
        write_outcome(result, test, kernel::run_test(test));
        kernel::copy_text(last, sizeof last, test.name());
    }
}

Status start()
{
    TRY(devices::mailbox::register_handler(abi::Operation::COMMANDS, list_commands));
    TRY(devices::mailbox::register_handler(abi::Operation::COMMAND, run_command));
    return devices::mailbox::register_handler(abi::Operation::TESTS, run_tests);
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{kernel::InitStage::Monitor,
                                                                                  "monitor.commands", start};

}

}
