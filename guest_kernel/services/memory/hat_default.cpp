#include "services/memory/hat_default.h"

#include "kernel/owned.h"

namespace services {

using kernel::Code;
using kernel::Status;

inline namespace v1 {

constinit objects::FactoryMadeClass HATDefault::descriptor
    = objects::factory_class<HATDefaultRoot>("HATDefault", "AddressTranslation", 1);

HATDefault::~HATDefault()
{
    if (m_state.space != nullptr && m_state.space->pid() != 0)
        m_state.space->close();
    kernel::destroy(m_state.space);
}

Status HATDefault::open()
{
    kernel::MutexGuard guard(m_lock);
    if (m_state.space != nullptr)
        return Code::EXISTS;
    kernel::Owned<arch::AddressSpace> space(kernel::make<arch::AddressSpace>(kernel::Tag::Process));
    if (!space)
        return Code::NO_MEMORY;
    TRY(space->open());
    m_state.space = space.release();
    return {};
}

kernel::Result<uint64_t> HATDefault::process_id()
{
    return m_state.space->pid();
}

Status HATDefault::map(uint64_t address, void* frame, arch::Protection protection)
{
    kernel::MutexGuard guard(m_lock);
    const uint64_t physical = arch::physical(frame);
    const Status mapped = m_state.space->map(address, physical, protection);
    return mapped == Code::EXISTS ? map_again(address, frame, protection) : mapped;
}

// Two threads touched the page at the same time, or it was mapped to be read and is now to be written.
Status HATDefault::map_again(uint64_t address, void* frame, arch::Protection protection)
{
    if (TRY(m_state.space->translate(address)) != arch::physical(frame))
        return Code::EXISTS;
    if (protection != arch::Protection::READ_WRITE)
        return {};
    ++m_state.synchronisations;
    return m_state.space->protect(address, protection);
}

Status HATDefault::unmap(uint64_t address)
{
    kernel::MutexGuard guard(m_lock);
    ++m_state.synchronisations;
    const Status unmapped = m_state.space->unmap(address);
    if (unmapped != Code::NOT_FOUND)
        return unmapped;
    arch::invalidate(address, 1);
    return {};
}

kernel::Result<uint64_t> HATDefault::synchronisations()
{
    return m_state.synchronisations;
}

static const objects::ClassRegistration registration(HATDefault::descriptor);

}

}
