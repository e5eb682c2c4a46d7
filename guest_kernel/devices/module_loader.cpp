#include "devices/module_loader.h"

#include "arch/ppc64/mmu.h"
#include "devices/mailbox.h"
#include "kernel/device_register.h"
#include "kernel/event.h"
#include "kernel/format.h"
#include "kernel/generation.h"
#include "kernel/init.h"
#include "kernel/interrupt.h"
#include "kernel/text.h"
#include "kernel/thread.h"

namespace devices {

namespace {

constexpr abi::DevicePage page = abi::DevicePage::LOADER;
constexpr unsigned loader_priority = 20;

// Of modules whose initialisation failed: held while it is looked whether one can go.
constinit kernel::Mutex unloads;

// Entries are added while the kernel starts and stay.
constinit ModuleUser* module_users = nullptr;

bool used_by_anyone(const Module& module)
{
    for (ModuleUser* user = module_users; user != nullptr; user = user->next) {
        if (user->uses(module))
            return true;
    }
    return false;
}

// Each hears what those before it made of it.
Settlement tell_applied(const Module& module, Status outcome)
{
    Settlement settlement{outcome, false};
    for (ModuleUser* user = module_users; user != nullptr; user = user->next) {
        const Settlement next = user->applied(module, settlement.status);
        settlement = {next.status, settlement.stays || next.stays};
    }
    return settlement;
}

// Whoever was told is told of the end, too.
Status tell_applying(const Module& module)
{
    for (ModuleUser* user = module_users; user != nullptr; user = user->next) {
        const Status status = user->applying(module);
        if (status.ok())
            continue;
        for (ModuleUser* told = module_users; told != user; told = told->next)
            told->applied(module, status).status.ignore();
        return status;
    }
    return {};
}

void retract_everywhere(const Module& module)
{
    for (ModuleUser* user = module_users; user != nullptr; user = user->next)
        user->retract(module);
}

void report(uint64_t id, const char* name, const char* state)
{
    mailbox::EventWriter event(abi::EventKind::MODULE_STATE);
    event.number(id);
    event.text(name);
    event.text(state);
    // Only shown: a host that does not want it changes nothing.
    event.post().ignore();
}

void enter(Module& module, ModuleState state)
{
    module_space().set_state(module, state);
    report(module.id, module.name, name_of(state));
}

// Nothing leads into the module any more but calls under way: they are over in a generation.
void free_module(Module* module, const char* state)
{
    kernel::generations().wait_for_all_cpus();
    const uint64_t id = module->id;
    char name[abi::LOADER_NAME_SIZE];
    kernel::copy_text(name, sizeof name, module->name);
    module_space().destroy(module);
    report(id, name, state);
}

const uint64_t* function_array(uint64_t address) { return reinterpret_cast<const uint64_t*>(address); }

using VoidFunction = void (*)();
using EntryFunction = Status (*)();

// Guarded.
Status run_initialisation(uint64_t argument)
{
    const Module& module = *reinterpret_cast<const Module*>(argument);
    const kernel::GuardedFrame calls_the_module;
    const uint64_t* const constructors = function_array(module.constructors);
    for (uint64_t i = 0; i < module.constructor_count; ++i)
        reinterpret_cast<VoidFunction>(constructors[i])();
    TRY(kernel::run_init_functions(
        reinterpret_cast<const kernel::InitFunction*>(module.init_functions), module.init_function_count));
    if (module.entry == 0)
        return {};
    const Status status = reinterpret_cast<EntryFunction>(module.entry)();
    // There is nobody to wait and call again.
    return status.is_parked() ? Status(Code::INVALID) : status;
}

Status run_destructors(uint64_t argument)
{
    const Module& module = *reinterpret_cast<const Module*>(argument);
    const kernel::GuardedFrame calls_the_module;
    const uint64_t* const destructors = function_array(module.destructors);
    for (uint64_t i = module.destructor_count; i > 0; --i)
        reinterpret_cast<VoidFunction>(destructors[i - 1])();
    return {};
}

Status run_exit(uint64_t argument)
{
    const Module& module = *reinterpret_cast<const Module*>(argument);
    const kernel::GuardedFrame calls_the_module;
    if (module.exit != 0)
        reinterpret_cast<VoidFunction>(module.exit)();
    return run_destructors(argument);
}

// The outcome's status says also that the call could not be made.
kernel::GuardedOutcome guard(const Module& module, kernel::GuardedCode code)
{
    kernel::GuardedOutcome outcome;
    const kernel::GuardedOptions options{.name = module.name, .time_limit_ns = module.time_limit_ns};
    const Status made = kernel::run_guarded(options, code, reinterpret_cast<uint64_t>(&module), outcome);
    if (!made.ok())
        outcome.status = made;
    return outcome;
}

// One load after the other.
class Loader {
public:
    Status start();

private:
    static void on_interrupt(uint64_t self);
    static void entry(uint64_t self) { reinterpret_cast<Loader*>(self)->run(); }
    [[noreturn]] void run();

    abi::LoaderState wait_for_device();
    void serve();
    Result<Module*> make_room();
    Status pin_required(Module& module);
    void place(const Module& module);
    void initialise(Module& module);
    void abandon(Module& module, const kernel::GuardedOutcome& outcome);
    static void leave(Module& module);
    void describe(const Module& module, const kernel::GuardedOutcome& outcome);
    void fail(Code code, const char* text);
    void finish();

    kernel::Event m_work;
    // Copied by the device when their addresses are written; in the kernel image, contiguous for it.
    abi::LoadRequest m_request{};
    abi::LoadPlacement m_placement{};
    abi::LoadResult m_result{};
};

constinit Loader the_loader;

void set_interrupt(bool on)
{
    kernel::write_register(page, abi::LoaderRegister::CONTROL,
                           on ? static_cast<uint64_t>(abi::LoaderControl::INTERRUPT) : 0);
}

Status Loader::start()
{
    TRY(kernel::attach_interrupt(abi::Line::LOADER, on_interrupt, reinterpret_cast<uint64_t>(this)));
    const kernel::ThreadOptions options{"loader", loader_priority, kernel::any_cpu, false};
    TRY(kernel::Thread::create(options, entry, reinterpret_cast<uint64_t>(this)));
    return {};
}

// The line is level-sensitive: it stays low until the thread waits again.
void Loader::on_interrupt(uint64_t self)
{
    set_interrupt(false);
    reinterpret_cast<Loader*>(self)->m_work.signal();
}

abi::LoaderState Loader::wait_for_device()
{
    set_interrupt(true);
    m_work.consume();
    return static_cast<abi::LoaderState>(kernel::read_register(page, abi::LoaderRegister::STATE));
}

void Loader::run()
{
    for (;;) {
        if (wait_for_device() == abi::LoaderState::REQUESTED)
            serve();
    }
}

void Loader::serve()
{
    kernel::write_register(page, abi::LoaderRegister::TAKE, arch::physical(&m_request));
    m_result = {};
    m_result.id = m_request.id;
    const auto room = make_room();
    if (!room.ok()) {
        fail(room.code(), "no room in the guest's memory");
        return finish();
    }
    Module& module = *room.value();
    if (const Status pinned = pin_required(module); !pinned.ok()) {
        module_space().destroy(&module);
        fail(pinned.code(), "a module that it requires is not there any more");
        return finish();
    }
    place(module);
    if (wait_for_device() == abi::LoaderState::STAGED) {
        enter(module, ModuleState::Staged);
        initialise(module);
    } else {
        module_space().destroy(&module);
        fail(Code::REFUSED, "not relocated");
    }
    finish();
}

Result<Module*> Loader::make_room()
{
    const auto pages = [](uint64_t bytes) { return (bytes + abi::PAGE_SIZE - 1) / abi::PAGE_SIZE; };
    const uint64_t segments[abi::MODULE_SEGMENTS] = {pages(m_request.text_size), pages(m_request.rodata_size),
                                                     pages(m_request.data_size)};
    m_request.name[sizeof m_request.name - 1] = '\0';
    Module& module = *TRY(module_space().create(m_request.name, segments));
    const auto address = [&module](uint64_t offset) { return offset == abi::NO_OFFSET ? 0 : module.base() + offset; };
    module.entry = address(m_request.entry);
    module.exit = address(m_request.exit);
    module.constructors = address(m_request.init_array);
    module.constructor_count = m_request.init_array_count;
    module.init_functions = address(m_request.init_functions);
    module.init_function_count = m_request.init_functions_count;
    module.destructors = address(m_request.fini_array);
    module.destructor_count = m_request.fini_array_count;
    module.time_limit_ns = m_request.time_limit;
    module.mode = static_cast<abi::ConversionMode>(m_request.mode);
    kernel::copy_text(module.irreversible, sizeof module.irreversible, m_request.irreversible);
    return &module;
}

// Until this one is unmapped.
Status Loader::pin_required(Module& module)
{
    for (unsigned i = 0; i < abi::MODULE_REQUIRED_MAX && m_request.required[i] != 0; ++i)
        module.required[i] = TRY(module_space().pin_module(m_request.required[i]));
    return {};
}

void Loader::place(const Module& module)
{
    m_placement = {
        .id = m_request.id,
        .base = module.base(),
        .frames = arch::physical(module.frames),
        .pages = module.pages(),
    };
    kernel::write_register(page, abi::LoaderRegister::PLACE, arch::physical(&m_placement));
}

void Loader::initialise(Module& module)
{
    if (const Status refused = tell_applying(module); !refused.ok()) {
        fail(refused.code(), kernel::name_of(refused.code()));
        return free_module(&module, "aborted");
    }
    enter(module, ModuleState::Applying);
    kernel::GuardedOutcome outcome = guard(module, run_initialisation);
    m_result.value = outcome.status.raw();
    const Settlement settlement = tell_applied(module, outcome.status);
    outcome.status = settlement.status;
    if (outcome.status.ok()) {
        m_result.module = module.id;
        enter(module, ModuleState::Active);
        return;
    }
    describe(module, outcome);
    if (settlement.stays)
        enter(module, ModuleState::Failed);
    else
        abandon(module, outcome);
}

void Loader::describe(const Module& module, const kernel::GuardedOutcome& outcome)
{
    const Code code = outcome.status.code();
    m_result.vector = outcome.vector;
    m_result.address = outcome.address;
    m_result.data_address = outcome.data_address;
    if (code == Code::FAULT && outcome.vector != 0)
        return fail(code, outcome.complaint);
    if (outcome.vector == 0 && !outcome.still_runs)
        return fail(code, kernel::name_of(code));
    fail(code, "");
    kernel::format(m_result.text, sizeof m_result.text, "did not end within %lu ns%s", module.time_limit_ns,
                   outcome.still_runs ? " and is still inside the kernel" : "");
}

// What the initialisation registered is taken back. Where something leads into the module all the same, it must stay, and
// goes later.
void Loader::abandon(Module& module, const kernel::GuardedOutcome& outcome)
{
    kernel::GuardedOutcome undone = outcome;
    // Code that returned can be expected to keep its destructors' promises.
    if (outcome.vector == 0 && !outcome.still_runs)
        undone = guard(module, run_destructors);
    if (undone.still_runs)
        return enter(module, ModuleState::Failed);
    retract_everywhere(module);
    leave(module);
}

// Whoever frees what leads into it looks for modules to unload afterwards, and so finds this one or waits.
void Loader::leave(Module& module)
{
    kernel::MutexGuard guard(unloads);
    const uint64_t id = module.id;
    module.undone = true;
    module_space().set_state(module, ModuleState::Failed);
    if (!unload_module(id).ok())
        report(id, module.name, name_of(ModuleState::Failed));
}

void Loader::fail(Code code, const char* text)
{
    m_result.code = static_cast<int64_t>(code);
    kernel::copy_text(m_result.text, sizeof m_result.text, text);
}

void Loader::finish()
{
    kernel::write_register(page, abi::LoaderRegister::FINISH, arch::physical(&m_result));
    m_placement = {};
}

void list_module(const Module& module, void* context)
{
    ValueWriter& result = *static_cast<ValueWriter*>(context);
    result.begin_list();
    result.number(module.id);
    result.text(module.name);
    result.text(name_of(module.state));
    result.number(module.base());
    result.number(module.pages());
    result.number(module.users);
    result.end_list();
}

Status list_modules(ValueReader&, ValueWriter& result)
{
    module_space().for_each(list_module, &result);
    return {};
}

Status unload(ValueReader& arguments, ValueWriter&) { return unload_module(TRY(arguments.number())); }

Status start()
{
    TRY(mailbox::register_handler(abi::Operation::MODULES, list_modules));
    TRY(mailbox::register_handler(abi::Operation::UNLOAD, unload));
    return the_loader.start();
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{kernel::InitStage::Monitor, "loader",
                                                                                  start};

}

void add_module_user(ModuleUser& user)
{
    user.next = module_users;
    module_users = &user;
}

Status unload_module(uint64_t id)
{
    Module& module = *TRY(module_space().begin_unload(id));
    if (used_by_anyone(module)) {
        module_space().set_state(module, module.settled);
        return Code::BUSY;
    }
    if (module.undone) {
        free_module(&module, "aborted");
        return {};
    }
    enter(module, ModuleState::Unloading);
    const kernel::GuardedOutcome outcome = guard(module, run_exit);
    if (!outcome.still_runs)
        retract_everywhere(module);
    if (!outcome.status.ok() || used_by_anyone(module)) {
        enter(module, ModuleState::Failed);
        return outcome.status.ok() ? Status(Code::BUSY) : outcome.status;
    }
    free_module(&module, "unloaded");
    return {};
}

namespace {

// The first module after `after` that is to go, in the order of ids.
struct NextUndone {
    uint64_t after = 0;
    uint64_t found = 0;

    static void visit(const Module& module, void* context)
    {
        auto& next = *static_cast<NextUndone*>(context);
        if (module.undone && module.id > next.after && (next.found == 0 || module.id < next.found))
            next.found = module.id;
    }
    static uint64_t find(uint64_t after)
    {
        NextUndone next{after};
        module_space().for_each(visit, &next);
        return next.found;
    }
};

}

void unload_undone()
{
    kernel::MutexGuard guard(unloads);
    for (uint64_t id = NextUndone::find(0); id != 0; id = NextUndone::find(id))
        unload_module(id).ignore();
}

bool any_undone()
{
    return NextUndone::find(0) != 0;
}

}
