// Loaded modules and where they lie.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "kernel/list.h"
#include "kernel/mutex.h"
#include "kernel/status.h"

namespace devices {

using kernel::Code;
using kernel::Result;
using kernel::Status;

enum class ModuleState : uint8_t {
    // Has memory, not yet its bytes.
    Placed,
    // Relocated and in memory.
    Staged,
    // Its initialisation runs.
    Applying,
    // In service.
    Active,
    // Its initialisation failed, but something still leads into it: it stays.
    Failed,
    // On its way out: no new users.
    Unloading,
};
const char* name_of(ModuleState state);

// One of text, rodata and data: whole pages at an address.
struct ModuleSegment {
    uint64_t base = 0;
    uint64_t pages = 0;
};

// What is known of a module as long as its memory is mapped.
struct Module {
    uint64_t id = 0;
    char name[abi::LOADER_NAME_SIZE] = {};
    ModuleState state = ModuleState::Placed;
    ModuleSegment segments[abi::MODULE_SEGMENTS];
    // Addresses in the module: functions are called, arrays hold addresses of functions; 0: there is none.
    uint64_t entry = 0;
    uint64_t exit = 0;
    uint64_t constructors = 0;
    uint64_t constructor_count = 0;
    // Annotated initialisation functions: kernel::InitFunction each.
    uint64_t init_functions = 0;
    uint64_t init_function_count = 0;
    uint64_t destructors = 0;
    uint64_t destructor_count = 0;
    uint64_t time_limit_ns = 0;
    // What its metadata say of the update that it brings.
    abi::ConversionMode mode = abi::ConversionMode::AUTO;
    char irreversible[abi::LOADER_TEXT_SIZE] = {};
    // Pinned as long as this one is mapped; null: no more.
    Module* required[abi::MODULE_REQUIRED_MAX] = {};
    // Physical address of each page, segment by segment; in the linear map.
    uint64_t* frames = nullptr;
    // Pages that are mapped so far: the first of them.
    uint64_t mapped = 0;
    // Its destructors have run and what it registered is forgotten: it goes when nothing leads into it any more.
    bool undone = false;
    // Its state before it began to be unloaded.
    ModuleState settled = ModuleState::Placed;
    // What keeps it from being unloaded: other modules, and whoever pinned it.
    uint64_t users = 0;

    uint64_t base() const { return segments[0].base; }
    uint64_t pages() const;
    bool contains(uint64_t address) const { return address - base() < pages() * abi::PAGE_SIZE; }

    kernel::ListLink<Module> link;
};

// The address range of modules. Each is followed by an unmapped page at least, and freed ranges are used again.
class ModuleSpace {
public:
    constexpr ModuleSpace() = default;
    ModuleSpace(const ModuleSpace&) = delete;
    ModuleSpace& operator=(const ModuleSpace&) = delete;

    // A record with an address range and frames, mapped and of undefined contents: text read-execute, rodata read, data
    // read-write. NO_MEMORY, for want of frames, addresses or page tables, leaves nothing behind.
    Result<Module*> create(const char* name, const uint64_t (&pages)[abi::MODULE_SEGMENTS]);
    // Unmaps it on every CPU and frees it all. Nothing leads into it any more, or ever ran there.
    void destroy(Module* module);

    // One user more. NOT_FOUND when no module is at that address, GONE when it is being unloaded.
    Result<Module*> pin(uint64_t address);
    // The same by id.
    Result<Module*> pin_module(uint64_t id);
    void unpin(Module& module);
    // Active or Failed -> Unloading. NOT_FOUND, or BUSY when it has users or another state.
    Result<Module*> begin_unload(uint64_t id);
    void set_state(Module& module, ModuleState state);
    bool in_use(const Module& module);

    // Calls visit for each module in the order of addresses, under the lock: visit must not call back.
    void for_each(void (*visit)(const Module&, void*), void* context);

private:
    using ModuleList = kernel::List<Module, &Module::link>;

    static Result<Module*> pin(Module* module);
    Status insert(Module& module);
    Status allocate(Module& module);
    Status map(Module& module);
    void release(Module& module);

    // Guards the list, which is in the order of addresses, and the states and users of its modules.
    kernel::Mutex m_lock;
    ModuleList m_modules;
    uint64_t m_next_id = 1;
};

ModuleSpace& module_space();

}
