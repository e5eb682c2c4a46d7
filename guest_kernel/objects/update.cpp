#include "objects/update.h"

#include "kernel/text.h"
#include "objects/adaptors.h"
#include "objects/counted_scope.h"
#include "objects/names.h"
#include "objects/translation_table.h"

namespace objects {

const char* name_of(UpdateState state)
{
    switch (state) {
    case UpdateState::Staged: return "staged";
    case UpdateState::Applying: return "applying";
    case UpdateState::Active: return "active";
    case UpdateState::Superseded: return "superseded";
    case UpdateState::Reverted: return "reverted";
    case UpdateState::Aborted: return "aborted";
    case UpdateState::Stuck: return "stuck";
    case UpdateState::Unloaded: return "unloaded";
    }
    return "unknown";
}

bool allowed(UpdateState from, UpdateState to)
{
    switch (from) {
    case UpdateState::Staged: return to == UpdateState::Applying || to == UpdateState::Aborted;
    case UpdateState::Applying:
        return to == UpdateState::Active || to == UpdateState::Aborted || to == UpdateState::Stuck;
    case UpdateState::Active:
        return to == UpdateState::Superseded || to == UpdateState::Reverted || to == UpdateState::Unloaded;
    case UpdateState::Superseded:
    case UpdateState::Reverted: return to == UpdateState::Unloaded;
    case UpdateState::Aborted:
    case UpdateState::Stuck:
    case UpdateState::Unloaded: return false;
    }
    return false;
}

Updates& updates()
{
    static constinit Updates the_updates;
    return the_updates;
}

Result<Update*> Updates::add(const char* name, uint64_t module)
{
    auto* update = kernel::make<Update>(kernel::Tag::Module);
    if (update == nullptr)
        return Code::NO_MEMORY;
    kernel::MutexGuard guard(m_lock);
    update->id = m_next_id++;
    kernel::copy_text(update->name, update_name_size, name);
    update->module = module;
    update->next = m_first;
    m_first = update;
    if (m_listener != nullptr)
        m_listener->update_changed(*update);
    return update;
}

Status Updates::begin(Update& update)
{
    uint64_t none = 0;
    if (!__atomic_compare_exchange_n(&m_applying, &none, update.id, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        return Code::BUSY;
    change(update, UpdateState::Applying);
    return {};
}

void Updates::end(Update& update, Status result)
{
    update.reason = result.code();
    change(update, result.ok() ? UpdateState::Active : UpdateState::Aborted);
    __atomic_store_n(&m_applying, 0, __ATOMIC_RELEASE);
}

void Updates::change(Update& update, UpdateState state)
{
    kernel::MutexGuard guard(m_lock);
    kernel::check(allowed(update.state, state), "an update changed to a state that does not follow its own");
    update.state = state;
    if (m_listener != nullptr)
        m_listener->update_changed(update);
}

Update* Updates::find(uint64_t id)
{
    kernel::MutexGuard guard(m_lock);
    auto* update = m_first;
    while (update != nullptr && update->id != id)
        update = update->next;
    return update;
}

Update* Updates::find_by_module(uint64_t module)
{
    kernel::MutexGuard guard(m_lock);
    auto* update = m_first;
    while (update != nullptr && (update->module != module || update->state == UpdateState::Unloaded))
        update = update->next;
    return update;
}

void Updates::for_each(void (*visit)(const Update&, void*), void* context)
{
    kernel::MutexGuard guard(m_lock);
    for (auto* update = m_first; update != nullptr; update = update->next)
        visit(*update, context);
}

namespace {

// A class replaces itself by its next version only; another class of the same kind may take over at any time.
Status check_version(Reference reference, const ClassDescriptor& replacement)
{
    CountedScope keeps_the_root;
    const Root* root = table().root(reference);
    if (root == nullptr)
        return Code::GONE;
    const auto& current = root->descriptor();
    if (kernel::equal(current.name, replacement.name) && replacement.version != current.version + 1)
        return Code::VERSION;
    return {};
}

Result<Root*> make_replacement(const ClassDescriptor& replacement)
{
    CountedScope calls_the_page_allocator;
    return replacement.make_root();
}

}

Status replace(const char* name, const ClassDescriptor& replacement, const AdaptorPlan* adaptor)
{
    const Reference named = find_name(name);
    if (named == nullptr)
        return Code::NOT_FOUND;
    const Reference reference = table().canonical(named);
    TRY(check_version(reference, replacement));
    SwapOptions options;
    options.update = updates().applying();
    options.adaptor = adaptor;
    kernel::Owned<Root> root(TRY(make_replacement(replacement)));
    HotSwap* swap = TRY(HotSwap::start(reference, static_cast<kernel::Owned<Root>&&>(root), options));
    const Status outcome = swap->wait();
    swap->release();
    // What has been updated may have been the last caller of an old interface.
    adaptors().look_again();
    return outcome;
}

}
