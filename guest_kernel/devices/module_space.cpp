#include "devices/module_space.h"

#include "arch/ppc64/mmu.h"
#include "kernel/heap.h"
#include "kernel/page_source.h"
#include "kernel/poison.h"
#include "kernel/text.h"

namespace devices {

namespace {

constexpr arch::Protection protections[abi::MODULE_SEGMENTS] = {
    arch::Protection::READ_EXECUTE,
    arch::Protection::READ,
    arch::Protection::READ_WRITE,
};

constinit ModuleSpace the_module_space;

arch::Protection protection_of(const Module& module, uint64_t page)
{
    unsigned segment = 0;
    while (page >= module.segments[segment].pages)
        page -= module.segments[segment++].pages;
    return protections[segment];
}

uint64_t end_of(const Module& module) { return module.base() + module.pages() * abi::PAGE_SIZE; }

void place(Module& module, uint64_t base)
{
    for (ModuleSegment& segment : module.segments) {
        segment.base = base;
        base += segment.pages * abi::PAGE_SIZE;
    }
}

}

ModuleSpace& module_space() { return the_module_space; }

const char* name_of(ModuleState state)
{
    switch (state) {
    case ModuleState::Placed: return "placed";
    case ModuleState::Staged: return "staged";
    case ModuleState::Applying: return "applying";
    case ModuleState::Active: return "active";
    case ModuleState::Failed: return "failed";
    case ModuleState::Unloading: return "unloading";
    }
    return "unknown";
}

uint64_t Module::pages() const
{
    uint64_t sum = 0;
    for (const ModuleSegment& segment : segments)
        sum += segment.pages;
    return sum;
}

Result<Module*> ModuleSpace::create(const char* name, const uint64_t (&pages)[abi::MODULE_SEGMENTS])
{
    auto* module = kernel::make<Module>(kernel::Tag::Module);
    if (module == nullptr)
        return Code::NO_MEMORY;
    kernel::copy_text(module->name, sizeof module->name, name);
    for (unsigned i = 0; i < abi::MODULE_SEGMENTS; ++i)
        module->segments[i].pages = pages[i];
    Status status = insert(*module);
    if (status.ok())
        status = allocate(*module);
    if (status.ok())
        status = map(*module);
    if (status.ok())
        return module;
    destroy(module);
    return status;
}

// First fit, so that a run's addresses depend only on what was loaded and unloaded before.
Status ModuleSpace::insert(Module& module)
{
    kernel::MutexGuard guard(m_lock);
    const uint64_t pages = module.pages();
    if (pages > (abi::MODULE_END - abi::MODULE_BASE) / abi::PAGE_SIZE)
        return Code::NO_MEMORY;
    const uint64_t needed = (pages + 1) * abi::PAGE_SIZE;
    uint64_t base = abi::MODULE_BASE;
    Module* next = m_modules.first();
    while (next != nullptr && next->base() - base < needed) {
        base = end_of(*next) + abi::PAGE_SIZE;
        next = ModuleList::next(*next);
    }
    if (next == nullptr && abi::MODULE_END - base < needed)
        return Code::NO_MEMORY;
    place(module, base);
    module.id = m_next_id++;
    m_modules.insert_before(module, next);
    return {};
}

// Page by page: no contiguous run of frames is needed.
Status ModuleSpace::allocate(Module& module)
{
    const uint64_t pages = module.pages();
    module.frames = static_cast<uint64_t*>(kernel::allocate(pages * sizeof(uint64_t), kernel::Tag::Module));
    if (module.frames == nullptr)
        return Code::NO_MEMORY;
    for (uint64_t page = 0; page < pages; ++page)
        module.frames[page] = 0;
    for (uint64_t page = 0; page < pages; ++page)
        module.frames[page] = arch::physical(TRY(kernel::allocate_pages(1)));
    return {};
}

Status ModuleSpace::map(Module& module)
{
    const uint64_t pages = module.pages();
    for (; module.mapped < pages; ++module.mapped) {
        const uint64_t address = module.base() + module.mapped * abi::PAGE_SIZE;
        TRY(arch::map_page(address, module.frames[module.mapped], protection_of(module, module.mapped)));
    }
    return {};
}

// However far create came.
void ModuleSpace::release(Module& module)
{
    while (module.mapped > 0) {
        --module.mapped;
        const Status unmapped = arch::unmap_page(module.base() + module.mapped * abi::PAGE_SIZE);
        kernel::check(unmapped.ok(), "a module's page was not mapped");
    }
    if (module.frames == nullptr)
        return;
    // Physical page 0 holds the vectors and is never given out: 0 is where allocation stopped.
    for (uint64_t page = 0; page < module.pages() && module.frames[page] != 0; ++page) {
        void* const memory = arch::linear(module.frames[page]);
        // Code and tables that are gone must not look alive to who still had their address.
        kernel::poison(memory, abi::PAGE_SIZE);
        kernel::free_pages(memory, 1);
    }
    kernel::deallocate(module.frames);
}

void ModuleSpace::destroy(Module* module)
{
    for (Module* required : module->required) {
        if (required != nullptr)
            unpin(*required);
    }
    release(*module);
    {
        kernel::MutexGuard guard(m_lock);
        if (ModuleList::contains(*module))
            m_modules.remove(*module);
    }
    kernel::destroy(module);
}

Result<Module*> ModuleSpace::pin(Module* module)
{
    if (module == nullptr)
        return Code::NOT_FOUND;
    if (module->state == ModuleState::Unloading)
        return Code::GONE;
    ++module->users;
    return module;
}

Result<Module*> ModuleSpace::pin(uint64_t address)
{
    kernel::MutexGuard guard(m_lock);
    Module* module = m_modules.first();
    while (module != nullptr && !module->contains(address))
        module = ModuleList::next(*module);
    return pin(module);
}

Result<Module*> ModuleSpace::pin_module(uint64_t id)
{
    kernel::MutexGuard guard(m_lock);
    Module* module = m_modules.first();
    while (module != nullptr && module->id != id)
        module = ModuleList::next(*module);
    return pin(module);
}

void ModuleSpace::unpin(Module& module)
{
    kernel::MutexGuard guard(m_lock);
    ASSERT(module.users > 0);
    --module.users;
}

Result<Module*> ModuleSpace::begin_unload(uint64_t id)
{
    kernel::MutexGuard guard(m_lock);
    for (Module* module = m_modules.first(); module != nullptr; module = ModuleList::next(*module)) {
        if (module->id != id)
            continue;
        const bool settled = module->state == ModuleState::Active || module->state == ModuleState::Failed;
        if (!settled || module->users != 0)
            return Code::BUSY;
        module->settled = module->state;
        module->state = ModuleState::Unloading;
        return module;
    }
    return Code::NOT_FOUND;
}

void ModuleSpace::set_state(Module& module, ModuleState state)
{
    kernel::MutexGuard guard(m_lock);
    module.state = state;
}

bool ModuleSpace::in_use(const Module& module)
{
    kernel::MutexGuard guard(m_lock);
    return module.users != 0;
}

void ModuleSpace::for_each(void (*visit)(const Module&, void*), void* context)
{
    kernel::MutexGuard guard(m_lock);
    for (Module* module = m_modules.first(); module != nullptr; module = ModuleList::next(*module))
        visit(*module, context);
}

}
