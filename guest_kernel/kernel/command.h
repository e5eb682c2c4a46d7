// Commands that the kernel and its modules bring to the console.
#pragma once

#include "kernel/registry.h"

namespace kernel {

// `static kernel::Command command{"regions", "regions of every process", [](const char* words) { ...; return Status(); }};`
// Prints what it has to say. Runs in a thread that is not counted and may block; it is run from beginning to end before
// the module that brought it can be unloaded.
class Command {
public:
    using Run = Status (*)(const char* words);

    // A trap, and here in the caller's text, when one of that name is there: of a module it is a fault that its guard
    // takes, of the kernel a panic.
    Command(const char* name, const char* summary, Run run) : m_name(name), m_summary(summary), m_run(run)
    {
        if (!make_known().ok())
            __builtin_trap();
    }
    Command(const Command&) = delete;
    Command& operator=(const Command&) = delete;

    const char* name() const { return m_name; }
    const char* summary() const { return m_summary; }
    // `words`: what was typed after the name.
    Status run(const char* words) const { return m_run(words); }

    Command* next = nullptr;

private:
    Status make_known();

    const char* m_name;
    const char* m_summary;
    Run m_run;
};

Registry<Command>& commands();

}
