// Brings modules that the host has linked into the kernel, and out of it again.
#pragma once

#include <stdint.h>

#include "devices/module_space.h"
#include "kernel/guarded.h"

namespace devices {

// What becomes of a module whose initialisation is over. Not OK: it goes again, and `retract` follows, unless `stays`.
struct Settlement {
    Status status;
    bool stays;
};

// Whoever follows what modules do, or keeps addresses in them: classes, vtables of instances, functions to call. Made
// once, linked for good. Called by threads that are not counted in a generation; may block.
class ModuleUser {
public:
    // Staged: its initialisation is to run. A failure ends the load with that code instead, and `applied` is not called.
    virtual Status applying(const Module&) { return {}; }
    // Its initialisation has returned or was ended, as the status says.
    virtual Settlement applied(const Module&, Status initialised) { return {initialised, false}; }
    // Whether it holds an address in the module now.
    virtual bool uses(const Module& module) = 0;
    // The module's initialisation failed, or its exit function has run: forgets what the module registered by itself
    // and nobody else relies on, such as a class without instances.
    virtual void retract(const Module& module) = 0;

    ModuleUser* next = nullptr;

protected:
    ~ModuleUser() = default;
};
void add_module_user(ModuleUser& user);

// Runs the module's exit function and destructors, guarded, waits until no call from before can be inside it, and frees
// it. BUSY while it has users or is not settled; FAULT or TIMED_OUT when its exit function failed: then it stays, as
// Failed. For threads that are not counted in a generation.
Status unload_module(uint64_t id);

// Modules whose initialisation failed and that had to stay, because something still led into them: those that can go now
// go. For threads that are not counted in a generation.
void unload_undone();
bool any_undone();

}
