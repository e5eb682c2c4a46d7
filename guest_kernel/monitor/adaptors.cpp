// Adapted references: who still calls them, and null adaptors put on for measurements.

#include "devices/mailbox.h"
#include "kernel/init.h"
#include "monitor/reference_text.h"
#include "monitor/unloads.h"
#include "objects/adaptors.h"
#include "objects/counted_scope.h"

namespace monitor {

namespace {

using devices::ValueReader;
using devices::ValueWriter;
using objects::AdaptedStatus;

void write_status(const AdaptedStatus& status, void* context)
{
    auto& result = *static_cast<ValueWriter*>(context);
    result.begin_list();
    result.text(NumberText(status.old).text());
    result.text(objects::name_of(status.state));
    result.text(NumberText(status.target).text());
    result.number(status.calls);
    result.number(status.callers_left);
    result.text(status.permanent ? "permanent" : status.known ? "until updated" : "until removed");
    result.end_list();
}

Status list_adaptors(ValueReader&, ValueWriter& result)
{
    objects::CountedScope keeps_roots;
    objects::adaptors().for_each(write_status, &result);
    return {};
}

const char* stay_of(const objects::AdaptorGroup& group)
{
    if (group.callers.permanent)
        return "permanent";
    return group.callers.known ? "until updated" : "until removed";
}

void write_group(objects::AdaptorGroup& group, void* context)
{
    auto& result = *static_cast<ValueWriter*>(context);
    result.begin_list();
    result.text(group.of_a_class() ? group.of->name : NumberText(group.old).text());
    result.text(group.of_a_class() ? group.offers->name : "");
    result.text(group.of_a_class() ? group.leads_to->name : "");
    result.number(group.adapted - group.dead);
    result.number(group.dead);
    result.number(group.calls.sum());
    result.number(group.calling);
    result.text(stay_of(group));
    result.begin_list();
    for (unsigned i = 0; i < group.callers.count; ++i) {
        result.begin_list();
        result.text(group.callers.callers[i].name);
        result.number(group.callers.callers[i].version);
        result.end_list();
    }
    result.end_list();
    result.end_list();
}

Status list_plans(ValueReader&, ValueWriter& result)
{
    objects::adaptors().for_each_group(write_group, &result);
    return {};
}

Status adapt(ValueReader& arguments, ValueWriter& result)
{
    objects::CountedScope keeps_the_object;
    const objects::Reference reference = TRY(read_reference(arguments));
    TRY(objects::adaptors().adapt_null(reference));
    result.text(NumberText(objects::table().canonical(reference)).text());
    return {};
}

Status unadapt(ValueReader& arguments, ValueWriter&)
{
    objects::CountedScope keeps_the_object;
    return objects::adaptors().unadapt(TRY(read_reference(arguments)));
}

class AdaptorEvents final : public objects::AdaptorListener {
public:
    constexpr AdaptorEvents() = default;

    void adaptor_changed(const AdaptedStatus& status, const char* what) override
    {
        devices::mailbox::EventWriter event(abi::EventKind::ADAPTOR);
        event.text(NumberText(status.old).text());
        event.text(what);
        event.text(NumberText(status.target).text());
        event.number(status.calls);
        event.number(status.callers_left);
        event.post().ignore();
    }
    void adaptor_freed() override { begin_unloads(); }
    void dead_reference_called(objects::Reference reference, uint64_t calls, uint64_t last_caller) override
    {
        devices::mailbox::EventWriter event(abi::EventKind::DEAD_REFERENCE);
        event.text(NumberText(reference).text());
        event.number(calls);
        event.number(last_caller);
        event.post().ignore();
    }
};

constinit AdaptorEvents events;

Status start()
{
    objects::adaptors().set_listener(&events);
    TRY(devices::mailbox::register_handler(abi::Operation::ADAPTORS, list_adaptors));
    TRY(devices::mailbox::register_handler(abi::Operation::ADAPTOR_PLANS, list_plans));
    TRY(devices::mailbox::register_handler(abi::Operation::ADAPT, adapt));
    return devices::mailbox::register_handler(abi::Operation::UNADAPT, unadapt);
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{kernel::InitStage::Monitor,
                                                                                  "monitor.adaptors", start};

}

}
