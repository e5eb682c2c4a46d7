// The updates that modules carry out: from the loader's steps to their records, and from there to the host.

#include "devices/mailbox.h"
#include "devices/module_loader.h"
#include "kernel/clock.h"
#include "kernel/init.h"
#include "kernel/mutex.h"
#include "kernel/thread.h"
#include "monitor/report_stalled.h"
#include "monitor/unloads.h"
#include "objects/adaptors.h"
#include "objects/counted_scope.h"
#include "objects/lifetime.h"
#include "objects/module_use.h"
#include "objects/priorities.h"
#include "objects/undo.h"

namespace monitor {

namespace {

using devices::Module;
using devices::Settlement;
using devices::ValueReader;
using devices::ValueWriter;
using kernel::Code;
using kernel::Result;
using kernel::Status;
using objects::Update;
using objects::UpdateState;

class UpdateReporter final : public objects::UpdateListener {
public:
    void update_changed(const Update& update) override
    {
        const auto counts = update.counts();
        devices::mailbox::EventWriter event(abi::EventKind::UPDATE_STATE);
        event.number(update.id);
        event.number(update.module);
        event.text(update.name);
        event.text(objects::name_of(update.state));
        event.number(counts.unconverted);
        event.number(counts.failed);
        event.number(static_cast<uint64_t>(-static_cast<int64_t>(update.reason)));
        event.number(counts.converted);
        event.text(update.text);
        event.number(counts.marked);
        kernel::check(event.post().ok(), "the host refused an update event");
    }

    void update_stalled(const Update& update, const char* step, uint64_t since_ns) override
    {
        report_stalled(update.id, step, since_ns);
    }

    // It may have been the last that required the modules of others, which were taken back before.
    void update_withdrawn(Update&) override { unload_reverted(); }

    // Nothing leads into their modules any more, unless others require them or call by their adaptors.
    void unload_reverted()
    {
        kernel::MutexGuard guard(m_unloads);
        for (auto* update = objects::updates().newest_reverted(); update != nullptr;
             update = objects::updates().newest_reverted(update->id))
            unload(*update);
    }

private:
    // That it stays is told.
    void unload(Update& update)
    {
        objects::updates().forget_failure(update);
        const Status unloaded = devices::unload_module(update.module);
        if (unloaded.ok())
            return;
        objects::updates().note_failure(update, unloaded.code(), "its module is still in use");
        objects::updates().tell_progress(update);
    }

    // One thread at a time looks for what can be unloaded: none finds a module in use because of another's look.
    kernel::Mutex m_unloads;
};

objects::UpdateMode mode_of(const Module& module)
{
    switch (module.mode) {
    case abi::ConversionMode::EAGER: return objects::UpdateMode::Eager;
    case abi::ConversionMode::LAZY: return objects::UpdateMode::Lazy;
    case abi::ConversionMode::AUTO: break;
    }
    return objects::UpdateMode::Auto;
}

// The object system's interest in modules.
class ClassesInModules final : public devices::ModuleUser {
public:
    Status applying(const Module& module) override
    {
        objects::CountedScope calls_the_page_allocator;
        const objects::UpdateTerms terms{mode_of(module), module.irreversible};
        Update* update = TRY(objects::updates().add(module.name, module.id, terms));
        return objects::updates().begin(*update);
    }

    Settlement applied(const Module& module, Status initialised) override
    {
        Update* update = objects::updates().find_by_module(module.id);
        if (update == nullptr)
            return {initialised, false};
        const Status status = objects::conclude(*update, initialised);
        return {status, update->state == UpdateState::Stuck};
    }

    bool uses(const Module& module) override
    {
        objects::drain_dead_objects();
        objects::CountedScope keeps_roots;
        return objects::classes_in_use(module.base(), end(module));
    }

    void retract(const Module& module) override
    {
        objects::updates().forget_classes(module.base(), end(module));
        objects::adaptors().forget(module.base(), end(module));
        objects::unregister_classes(module.base(), end(module));
        Update* update = objects::updates().find_by_module(module.id);
        if (update != nullptr && objects::allowed(update->state, UpdateState::Unloaded))
            objects::updates().change(*update, UpdateState::Unloaded);
    }

private:
    static uint64_t end(const Module& module) { return module.base() + module.pages() * abi::PAGE_SIZE; }
};

constinit UpdateReporter reporter;
constinit ClassesInModules classes_in_modules;

void write_change(const objects::ClassChange& change, ValueWriter& result)
{
    result.begin_list();
    result.text(change.record->name);
    result.number(change.from_version);
    result.number(change.to_version);
    result.number(change.epoch);
    result.end_list();
}

void list_update(const Update& update, void* context)
{
    auto& result = *static_cast<ValueWriter*>(context);
    const auto counts = update.counts();
    result.begin_list();
    result.number(update.id);
    result.text(update.name);
    result.text(objects::name_of(update.state));
    result.number(counts.unconverted);
    result.number(counts.failed);
    result.number(counts.converted);
    result.number(counts.marked);
    result.number(counts.left);
    result.number(kernel::now_ns() - update.began_ns);
    result.begin_list();
    const unsigned changes = __atomic_load_n(&update.change_count, __ATOMIC_ACQUIRE);
    for (unsigned i = 0; i < changes; ++i)
        write_change(update.changes[i], result);
    result.end_list();
    result.text(update.text);
    result.text(update.irreversible);
    result.end_list();
}

Status list_updates(ValueReader&, ValueWriter& result)
{
    objects::updates().review_superseded();
    objects::updates().for_each(list_update, &result);
    return {};
}

Result<Update*> read_update(ValueReader& arguments)
{
    const uint64_t id = TRY(arguments.number());
    Update* update = objects::updates().find(id);
    if (update == nullptr)
        return Code::NOT_FOUND;
    return update;
}

Status cancel(ValueReader& arguments, ValueWriter&)
{
    return objects::cancel(*TRY(read_update(arguments)), Code::CANCELLED);
}

void unload_entry(uint64_t)
{
    reporter.unload_reverted();
    devices::unload_undone();
}

void revert_entry(uint64_t update) { objects::revert(*reinterpret_cast<Update*>(update)); }

// Answered when it has begun: it may take long, and how it ends comes as an event.
Status revert(ValueReader& arguments, ValueWriter&)
{
    Update& update = *TRY(read_update(arguments));
    TRY(objects::begin_revert(update));
    const kernel::ThreadOptions options{"revert", objects::transition_priority, kernel::any_cpu, false};
    const auto thread = kernel::Thread::create(options, revert_entry, reinterpret_cast<uint64_t>(&update));
    if (!thread.ok())
        objects::give_up_revert(update);
    return thread.status();
}

Status start()
{
    objects::updates().set_listener(&reporter);
    devices::add_module_user(classes_in_modules);
    TRY(devices::mailbox::register_handler(abi::Operation::UPDATES, list_updates));
    TRY(devices::mailbox::register_handler(abi::Operation::REVERT, revert));
    return devices::mailbox::register_handler(abi::Operation::CANCEL, cancel);
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{kernel::InitStage::Monitor,
                                                                                  "monitor.updates", start};

}

void begin_unloads()
{
    if (objects::updates().newest_reverted() == nullptr && !devices::any_undone())
        return;
    objects::CountedScope calls_the_page_allocator;
    const kernel::ThreadOptions options{"unload", objects::transition_priority, kernel::any_cpu, false};
    static_cast<void>(kernel::Thread::create(options, unload_entry, 0));
}

}
