# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_frontdesk_global_optspecs
    string join \n h/help V/version
end

function __fish_frontdesk_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_frontdesk_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_frontdesk_using_subcommand
    set -l cmd (__fish_frontdesk_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c frontdesk -n "__fish_frontdesk_needs_command" -s h -l help -d 'Print help'
complete -c frontdesk -n "__fish_frontdesk_needs_command" -s V -l version -d 'Print version'
complete -c frontdesk -n "__fish_frontdesk_needs_command" -f -a "serve" -d 'Runs the product'
complete -c frontdesk -n "__fish_frontdesk_needs_command" -f -a "demo" -d 'Runs a filled demo business on the sandbox channel'
complete -c frontdesk -n "__fish_frontdesk_needs_command" -f -a "verify" -d 'Walks every table and index of the store, running or not, and says what does not agree'
complete -c frontdesk -n "__fish_frontdesk_needs_command" -f -a "backup" -d 'Makes a backup of the store, running or not'
complete -c frontdesk -n "__fish_frontdesk_needs_command" -f -a "restore" -d 'Makes a data directory of backups. Checks everything before it writes anything'
complete -c frontdesk -n "__fish_frontdesk_needs_command" -f -a "key" -d 'Exchanges the master key, running or not'
complete -c frontdesk -n "__fish_frontdesk_needs_command" -f -a "reindex" -d 'Builds the search index anew from the records. Only while the program is stopped'
complete -c frontdesk -n "__fish_frontdesk_needs_command" -f -a "user" -d 'Lists people and sets passwords. Only while the program is stopped'
complete -c frontdesk -n "__fish_frontdesk_needs_command" -f -a "doctor" -d 'Looks at everything that could keep the program from running'
complete -c frontdesk -n "__fish_frontdesk_needs_command" -f -a "sandbox" -d 'Runs the provider\'s simulator alone, to try clients and webhook receivers'
complete -c frontdesk -n "__fish_frontdesk_needs_command" -f -a "openapi" -d 'Prints the OpenAPI document of the API'
complete -c frontdesk -n "__fish_frontdesk_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand serve" -l data -d 'Directory that holds everything' -r -F
complete -c frontdesk -n "__fish_frontdesk_using_subcommand serve" -l listen -d 'Address to listen on' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand serve" -l config -d 'Configuration file' -r -F
complete -c frontdesk -n "__fish_frontdesk_using_subcommand serve" -l public-url -d 'Where people and providers reach it from outside' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand serve" -s h -l help -d 'Print help'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand demo" -l data -d 'Directory that holds everything' -r -F
complete -c frontdesk -n "__fish_frontdesk_using_subcommand demo" -l listen -d 'Address to listen on' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand demo" -l config -d 'Configuration file' -r -F
complete -c frontdesk -n "__fish_frontdesk_using_subcommand demo" -l public-url -d 'Where people and providers reach it from outside' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand demo" -l reset -d 'Throw the demo\'s data away and begin anew'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand demo" -s h -l help -d 'Print help'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand verify" -l data -d 'Directory that holds everything' -r -F
complete -c frontdesk -n "__fish_frontdesk_using_subcommand verify" -l backup -d 'Check this backup instead of the store' -r -F
complete -c frontdesk -n "__fish_frontdesk_using_subcommand verify" -l repair -d 'Rebuild look-up rows from the records'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand verify" -s h -l help -d 'Print help'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand backup" -l data -d 'Directory that holds everything' -r -F
complete -c frontdesk -n "__fish_frontdesk_using_subcommand backup" -l to -d 'The file to make; without it one in the folder `backups` of the data directory' -r -F
complete -c frontdesk -n "__fish_frontdesk_using_subcommand backup" -l since -d 'Only what happened since this backup' -r -F
complete -c frontdesk -n "__fish_frontdesk_using_subcommand backup" -s h -l help -d 'Print help'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand restore" -l data -d 'Directory that holds everything' -r -F
complete -c frontdesk -n "__fish_frontdesk_using_subcommand restore" -l key -d 'The master key that the appliance had when the backup was made' -r -F
complete -c frontdesk -n "__fish_frontdesk_using_subcommand restore" -l until-seq -d 'Only up to this event' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand restore" -l until-time -d 'Only up to this time, e.g. 2026-11-20T23:30:00Z' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand restore" -l journal -d 'A data directory whose state is lost: take what happened since the backup from its journal' -r -F
complete -c frontdesk -n "__fish_frontdesk_using_subcommand restore" -l without-key -d 'Leave the key out of the new data directory (for one that systemd hands over)'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand restore" -s h -l help -d 'Print help'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand key; and not __fish_seen_subcommand_from rotate help" -s h -l help -d 'Print help'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand key; and not __fish_seen_subcommand_from rotate help" -f -a "rotate" -d 'Puts a fresh master key in the place of the present one, which is kept under another name'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand key; and not __fish_seen_subcommand_from rotate help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand key; and __fish_seen_subcommand_from rotate" -l data -d 'Directory that holds everything' -r -F
complete -c frontdesk -n "__fish_frontdesk_using_subcommand key; and __fish_seen_subcommand_from rotate" -s h -l help -d 'Print help'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "rotate" -d 'Puts a fresh master key in the place of the present one, which is kept under another name'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand reindex" -l data -d 'Directory that holds everything' -r -F
complete -c frontdesk -n "__fish_frontdesk_using_subcommand reindex" -l listen -d 'Address to listen on' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand reindex" -l config -d 'Configuration file' -r -F
complete -c frontdesk -n "__fish_frontdesk_using_subcommand reindex" -l public-url -d 'Where people and providers reach it from outside' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand reindex" -s h -l help -d 'Print help'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand user; and not __fish_seen_subcommand_from list password help" -l data -d 'Directory that holds everything' -r -F
complete -c frontdesk -n "__fish_frontdesk_using_subcommand user; and not __fish_seen_subcommand_from list password help" -l listen -d 'Address to listen on' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand user; and not __fish_seen_subcommand_from list password help" -l config -d 'Configuration file' -r -F
complete -c frontdesk -n "__fish_frontdesk_using_subcommand user; and not __fish_seen_subcommand_from list password help" -l public-url -d 'Where people and providers reach it from outside' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand user; and not __fish_seen_subcommand_from list password help" -s h -l help -d 'Print help'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand user; and not __fish_seen_subcommand_from list password help" -f -a "list" -d 'Lists everyone, by workspace'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand user; and not __fish_seen_subcommand_from list password help" -f -a "password" -d 'Gives someone a new password, read from standard input, and ends their sessions'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand user; and not __fish_seen_subcommand_from list password help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand user; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand user; and __fish_seen_subcommand_from password" -s h -l help -d 'Print help'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand user; and __fish_seen_subcommand_from help" -f -a "list" -d 'Lists everyone, by workspace'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand user; and __fish_seen_subcommand_from help" -f -a "password" -d 'Gives someone a new password, read from standard input, and ends their sessions'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand user; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand doctor" -l data -d 'Directory that holds everything' -r -F
complete -c frontdesk -n "__fish_frontdesk_using_subcommand doctor" -l listen -d 'Address to listen on' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand doctor" -l config -d 'Configuration file' -r -F
complete -c frontdesk -n "__fish_frontdesk_using_subcommand doctor" -l public-url -d 'Where people and providers reach it from outside' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand sandbox" -l provider -d 'Whose API is played' -r -f -a "whatsapp\t'WhatsApp Cloud API'
twilio\t'Twilio\'s Messages and Content API, SMS and WhatsApp'
instagram\t'Instagram messaging, by either login'
dialog360\t'WhatsApp as 360dialog offers it; its API key is `--access-token`'"
complete -c frontdesk -n "__fish_frontdesk_using_subcommand sandbox" -l account-sid -d 'Twilio: the account; its token is `--access-token`, its sender `--phone`' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand sandbox" -l ig-id -d 'Instagram: the account\'s id, as webhooks name it' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand sandbox" -l page-id -d 'Instagram: the Facebook page that the account is linked to' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand sandbox" -l username -d 'Instagram: the account\'s user name' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand sandbox" -l listen -d 'Address to listen on: one of this machine\'s own (127.0.0.1, ::1). Port 0 takes a free one' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand sandbox" -l phone-number-id -d 'The number\'s id, as in the path of a send' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand sandbox" -l waba-id -d 'The WhatsApp business account that it belongs to' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand sandbox" -l phone -d 'The number as people see it' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand sandbox" -l access-token -d 'The token that calls must carry' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand sandbox" -l app-secret -d 'The secret that signs webhooks' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand sandbox" -l verify-token -d 'The token of the verification handshake' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand sandbox" -l webhook-url -d 'Where webhooks go. Without it they are dropped until a program subscribes' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand sandbox" -l time-scale -d 'Simulated seconds in a second: 3600 lets the 24-hour window close in 24 s' -r
complete -c frontdesk -n "__fish_frontdesk_using_subcommand sandbox" -l verify -d 'Ask the receiver for the verification handshake at the start, and end if it does not answer it'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand sandbox" -l any-template -d 'Take templates that were never created, instead of answering 132001'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand sandbox" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand openapi" -s h -l help -d 'Print help'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand help; and not __fish_seen_subcommand_from serve demo verify backup restore key reindex user doctor sandbox openapi help" -f -a "serve" -d 'Runs the product'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand help; and not __fish_seen_subcommand_from serve demo verify backup restore key reindex user doctor sandbox openapi help" -f -a "demo" -d 'Runs a filled demo business on the sandbox channel'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand help; and not __fish_seen_subcommand_from serve demo verify backup restore key reindex user doctor sandbox openapi help" -f -a "verify" -d 'Walks every table and index of the store, running or not, and says what does not agree'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand help; and not __fish_seen_subcommand_from serve demo verify backup restore key reindex user doctor sandbox openapi help" -f -a "backup" -d 'Makes a backup of the store, running or not'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand help; and not __fish_seen_subcommand_from serve demo verify backup restore key reindex user doctor sandbox openapi help" -f -a "restore" -d 'Makes a data directory of backups. Checks everything before it writes anything'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand help; and not __fish_seen_subcommand_from serve demo verify backup restore key reindex user doctor sandbox openapi help" -f -a "key" -d 'Exchanges the master key, running or not'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand help; and not __fish_seen_subcommand_from serve demo verify backup restore key reindex user doctor sandbox openapi help" -f -a "reindex" -d 'Builds the search index anew from the records. Only while the program is stopped'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand help; and not __fish_seen_subcommand_from serve demo verify backup restore key reindex user doctor sandbox openapi help" -f -a "user" -d 'Lists people and sets passwords. Only while the program is stopped'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand help; and not __fish_seen_subcommand_from serve demo verify backup restore key reindex user doctor sandbox openapi help" -f -a "doctor" -d 'Looks at everything that could keep the program from running'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand help; and not __fish_seen_subcommand_from serve demo verify backup restore key reindex user doctor sandbox openapi help" -f -a "sandbox" -d 'Runs the provider\'s simulator alone, to try clients and webhook receivers'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand help; and not __fish_seen_subcommand_from serve demo verify backup restore key reindex user doctor sandbox openapi help" -f -a "openapi" -d 'Prints the OpenAPI document of the API'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand help; and not __fish_seen_subcommand_from serve demo verify backup restore key reindex user doctor sandbox openapi help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "rotate" -d 'Puts a fresh master key in the place of the present one, which is kept under another name'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand help; and __fish_seen_subcommand_from user" -f -a "list" -d 'Lists everyone, by workspace'
complete -c frontdesk -n "__fish_frontdesk_using_subcommand help; and __fish_seen_subcommand_from user" -f -a "password" -d 'Gives someone a new password, read from standard input, and ends their sessions'
