#include "kernel/command.h"

namespace kernel {

namespace {

constinit Registry<Command> the_commands;

}

Registry<Command>& commands()
{
    return the_commands;
}

Status Command::make_known()
{
    return the_commands.add_new(*this);
}

}
