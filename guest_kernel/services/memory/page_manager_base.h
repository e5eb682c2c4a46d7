// What every page manager does: count pages, keep its clients, ask them for pages.
#pragma once

#include "kernel/mutex.h"
#include "services/memory/page_clients.h"
#include "services/memory/page_manager.h"
#include "services/memory/whole_state_root.h"

namespace services {

struct PageManagerState {
    PageManager::Creation creation;
    PageClients caches;
    PageClients managers;
    uint64_t held = 0;
    uint64_t taken_back = 0;
};

inline constexpr objects::Format page_manager_format{"page-manager.clients/1"};

inline namespace v1 {

class PageManagerBase : public objects::Rep<PageManager> {
public:
    explicit PageManagerBase(objects::Root& root) : Rep(root) {}
    PageManagerBase(objects::Root& root, const Creation& creation) : Rep(root) { m_state.creation = creation; }
    ~PageManagerBase();

    kernel::Result<void*> allocate_page(kernel::Ticket* ticket) override;
    kernel::Status free_page(void* frame) override;
    kernel::Status attach_cache(objects::Ref<FileCache> cache) override;
    kernel::Status detach_cache(objects::Ref<FileCache> cache) override;
    kernel::Status attach_manager(objects::Ref<PageManager> manager) override;
    kernel::Status detach_manager(objects::Ref<PageManager> manager) override;
    kernel::Result<uint64_t> give_back(uint64_t pages, kernel::Ticket* ticket) override;
    kernel::Result<uint64_t> pages_held() override;
    kernel::Result<uint64_t> pages_taken_back() override;

    PageManagerState& state() { return m_state; }
    const PageManagerState& state() const { return m_state; }

protected:
    // From wherever this manager has its pages.
    virtual kernel::Result<void*> take_frame(kernel::Ticket* ticket) = 0;
    virtual kernel::Status return_frame(void* frame) = 0;

    PageManagerState m_state;

private:
    bool reserve();
    kernel::Result<uint64_t> ask_all(uint64_t pages, kernel::Ticket* ticket);

    // Guards the clients, and is held while they are asked: outside the locks of managers below and of caches. A cache
    // never asks for a page under its lock.
    kernel::Mutex m_clients_lock;
};

}

}
