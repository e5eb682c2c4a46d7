#include "services/memory/page_manager_base.h"

#include "services/memory/file_cache.h"

namespace services {

using kernel::Code;
using kernel::Result;
using kernel::Status;
using kernel::Ticket;

inline namespace v1 {

PageManagerBase::~PageManagerBase()
{
    m_state.caches.free_all();
    m_state.managers.free_all();
}

// Counts the page before it is there, so that several who ask together keep the limit.
bool PageManagerBase::reserve()
{
    const uint64_t held = __atomic_add_fetch(&m_state.held, 1, __ATOMIC_RELAXED);
    if (m_state.creation.limit == 0 || held <= m_state.creation.limit)
        return true;
    __atomic_sub_fetch(&m_state.held, 1, __ATOMIC_RELAXED);
    return false;
}

Result<void*> PageManagerBase::allocate_page(Ticket* ticket)
{
    while (!reserve()) {
        if (TRY(give_back(1, ticket)) == 0)
            return Code::NO_MEMORY;
    }
    const auto frame = take_frame(ticket);
    if (!frame.ok())
        __atomic_sub_fetch(&m_state.held, 1, __ATOMIC_RELAXED);
    return frame;
}

Status PageManagerBase::free_page(void* frame)
{
    TRY(return_frame(frame));
    __atomic_sub_fetch(&m_state.held, 1, __ATOMIC_RELAXED);
    return {};
}

Status PageManagerBase::attach_cache(objects::Ref<FileCache> cache)
{
    kernel::MutexGuard guard(m_clients_lock);
    return m_state.caches.add(cache.reference());
}

Status PageManagerBase::detach_cache(objects::Ref<FileCache> cache)
{
    kernel::MutexGuard guard(m_clients_lock);
    return m_state.caches.remove(cache.reference());
}

Status PageManagerBase::attach_manager(objects::Ref<PageManager> manager)
{
    kernel::MutexGuard guard(m_clients_lock);
    return m_state.managers.add(manager.reference());
}

Status PageManagerBase::detach_manager(objects::Ref<PageManager> manager)
{
    kernel::MutexGuard guard(m_clients_lock);
    return m_state.managers.remove(manager.reference());
}

// First what can be had at once; only when that is nothing does the caller wait for one that is being written.
Result<uint64_t> PageManagerBase::give_back(uint64_t pages, Ticket* ticket)
{
    kernel::MutexGuard guard(m_clients_lock);
    const uint64_t given = TRY(ask_all(pages, nullptr));
    if (given != 0 || ticket == nullptr)
        return given;
    return ask_all(pages, ticket);
}

Result<uint64_t> PageManagerBase::ask_all(uint64_t pages, Ticket* ticket)
{
    uint64_t given = 0;
    for (unsigned i = m_state.caches.count(); i > 0 && given < pages; --i) {
        const objects::Ref<FileCache> cache(m_state.caches.rotate());
        const auto answer = cache->give_back(pages - given, ticket);
        if (answer.is_parked())
            return answer.status();
        given += answer.ok() ? answer.value() : 0;
    }
    for (unsigned i = m_state.managers.count(); i > 0 && given < pages; --i) {
        const objects::Ref<PageManager> manager(m_state.managers.rotate());
        const auto answer = manager->give_back(pages - given, ticket);
        if (answer.is_parked())
            return answer.status();
        given += answer.ok() ? answer.value() : 0;
    }
    __atomic_add_fetch(&m_state.taken_back, given, __ATOMIC_RELAXED);
    return given;
}

Result<uint64_t> PageManagerBase::pages_held()
{
    return __atomic_load_n(&m_state.held, __ATOMIC_RELAXED);
}

Result<uint64_t> PageManagerBase::pages_taken_back()
{
    return __atomic_load_n(&m_state.taken_back, __ATOMIC_RELAXED);
}

}

}
