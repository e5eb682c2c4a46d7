// The updates that modules carry out: from the loader's steps to their records, and from there to the host.

#include "devices/mailbox.h"
#include "devices/module_loader.h"
#include "kernel/init.h"
#include "monitor/find_swap.h"
#include "objects/counted_scope.h"
#include "objects/lifetime.h"
#include "objects/module_use.h"
#include "objects/update.h"

namespace monitor {

namespace {

using devices::Module;
using devices::ValueReader;
using devices::ValueWriter;
using kernel::Code;
using kernel::Status;
using objects::Update;
using objects::UpdateState;

// Every update converts its instances at once so far, all or none.
constexpr uint64_t unconverted = 0;
constexpr uint64_t failed = 0;

class UpdateReporter final : public objects::UpdateListener {
public:
    void update_changed(const Update& update) override
    {
        devices::mailbox::EventWriter event(abi::EventKind::UPDATE_STATE);
        event.number(update.id);
        event.number(update.module);
        event.text(update.name);
        event.text(objects::name_of(update.state));
        event.number(unconverted);
        event.number(failed);
        event.number(static_cast<uint64_t>(-static_cast<int64_t>(update.reason)));
        kernel::check(event.post().ok(), "the host refused an update event");
    }
};

// The object system's interest in modules.
class ClassesInModules final : public devices::ModuleUser {
public:
    Status applying(const Module& module) override
    {
        objects::CountedScope calls_the_page_allocator;
        Update* update = TRY(objects::updates().add(module.name, module.id));
        return objects::updates().begin(*update);
    }

    void applied(const Module& module, Status outcome) override
    {
        Update* update = objects::updates().find_by_module(module.id);
        if (update != nullptr && update->state == UpdateState::Applying)
            objects::updates().end(*update, outcome);
    }

    bool uses(const Module& module) override
    {
        objects::drain_dead_objects();
        objects::CountedScope keeps_roots;
        return objects::classes_in_use(module.base(), end(module));
    }

    void retract(const Module& module) override
    {
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

void list_update(const Update& update, void* context)
{
    auto& result = *static_cast<ValueWriter*>(context);
    result.begin_list();
    result.number(update.id);
    result.text(update.name);
    result.text(objects::name_of(update.state));
    result.number(unconverted);
    result.number(failed);
    result.end_list();
}

Status list_updates(ValueReader&, ValueWriter& result)
{
    objects::updates().for_each(list_update, &result);
    return {};
}

// Its initialisation gets CANCELLED from the swap that it waits for. REFUSED when it waits for none, or too late.
Status cancel(ValueReader& arguments, ValueWriter&)
{
    const uint64_t id = TRY(arguments.number());
    if (objects::updates().find(id) == nullptr)
        return Code::NOT_FOUND;
    objects::CountedScope keeps_the_swap;
    auto* swap = find_swap([id](const objects::HotSwap& candidate) { return candidate.update() == id; });
    return swap == nullptr ? Status(Code::REFUSED) : swap->abort(Code::CANCELLED);
}

Status start()
{
    objects::updates().set_listener(&reporter);
    devices::add_module_user(classes_in_modules);
    TRY(devices::mailbox::register_handler(abi::Operation::UPDATES, list_updates));
    return devices::mailbox::register_handler(abi::Operation::CANCEL, cancel);
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{kernel::InitStage::Monitor,
                                                                                  "monitor.updates", start};

}

}
