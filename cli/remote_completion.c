/* SPDX-License-Identifier: ISC */
/* Completion for shells, written from the table of commands. Each script finds out which words were
 * said that are no options, and offers what can follow them. */
#include "remote.h"
#include "remote_command.h"

#include <string.h>

/* Quoted for sh; fish reads that alike. */
static void write_quoted(struct buffer *out, const char *text)
{
	buffer_append_char(out, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			buffer_append_text(out, "'\\''");
		else
			buffer_append_char(out, *text);
	}
	buffer_append_char(out, '\'');
}

static bool has_option(uint64_t mask, size_t option)
{
	return (mask & UINT64_C(1) << option) != 0;
}

static uint64_t options_of(const struct remote_command *command)
{
	return command->usage.options | remote_commands.common;
}

/* Whether INDEX is where its first word comes up first. */
static bool is_first_of_group(size_t index)
{
	const struct remote_command *command = remote_command_at(index);

	for (size_t i = 0; i < index; i++)
		if (strcmp(remote_command_at(i)->usage.group, command->usage.group) == 0)
			return false;
	return true;
}

/* What the first word is about: a command's own summary, or that there is more to say. */
static const char *describe_group(const struct remote_command *command)
{
	return command->usage.name == NULL ? command->usage.summary : "more follows";
}

/* All options that take a value, with SEPARATOR between, so that the value is no word. */
static void write_value_options(struct buffer *out, const char *separator)
{
	uint64_t known = command_table_known_options(&remote_commands);
	const char *between = "";

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_text *text = arguments_describe((enum option)i);

		if (!has_option(known, i) || text->value == NULL)
			continue;
		buffer_append_text(out, between);
		buffer_append_text(out, text->name);
		between = separator;
	}
}

/* A line of a case for each option whose value is known, and FILES for one that is a file. */
static void write_value_cases(struct buffer *out, const char *before, const char *after,
			      const char *files)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const char *choices = remote_command_choices((enum option)i);
		const struct option_text *text = arguments_describe((enum option)i);

		if (choices != NULL)
			buffer_append_format(out, "\t%s) %s%s%s; return ;;\n", text->name, before,
					     choices, after);
	}
	buffer_append_format(out, "\t--key-file) %s; return ;;\n\t", files);
	write_value_options(out, "|");
	buffer_append_text(out, ") return ;;\n");
}

static void write_bash_case(struct buffer *out, const struct remote_command *command)
{
	char title[COMMAND_TITLE_SIZE];

	command_table_title(&command->usage, title);
	buffer_append_format(out, "\t'%s' | '%s '*) offered='%s", title, title,
			     command->choices == NULL ? "" : command->choices);
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (has_option(options_of(command), i))
			buffer_append_format(out, " %s", arguments_describe((enum option)i)->name);
	buffer_append_text(out, "' ;;\n");
}

static void write_bash_groups(struct buffer *out)
{
	const struct remote_command *command, *other;

	buffer_append_text(out, "\t'') offered='--help --version");
	for (size_t i = 0; (command = remote_command_at(i)) != NULL; i++)
		if (is_first_of_group(i))
			buffer_append_format(out, " %s", command->usage.group);
	buffer_append_text(out, "' ;;\n");
	for (size_t i = 0; (command = remote_command_at(i)) != NULL; i++) {
		if (command->usage.name == NULL || !is_first_of_group(i))
			continue;
		buffer_append_format(out, "\t'%s') offered='--help", command->usage.group);
		for (size_t j = i; (other = remote_command_at(j)) != NULL; j++)
			if (strcmp(other->usage.group, command->usage.group) == 0)
				buffer_append_format(out, " %s", other->usage.name);
		buffer_append_text(out, "' ;;\n");
	}
}

static void write_bash(struct buffer *out)
{
	const struct remote_command *command;

	buffer_append_text(
		out, "# completion of claviger for bash: source <(claviger completion bash)\n"
		     "_claviger() {\n"
		     "\tlocal current=${COMP_WORDS[COMP_CWORD]} rest=$COMP_LINE trimmed last i\n"
		     "\tlocal offered='' said=() words=()\n"
		     "\t# bash also breaks words at colons and signs of equality: back together.\n"
		     "\tfor ((i = 0; i <= COMP_CWORD; i++)); do\n"
		     "\t\ttrimmed=${rest#\"${rest%%[![:space:]]*}\"}\n"
		     "\t\tif [[ $i -eq 0 || $trimmed != \"$rest\" ]]; then\n"
		     "\t\t\twords+=(\"${COMP_WORDS[i]}\")\n"
		     "\t\telse\n"
		     "\t\t\twords[-1]+=${COMP_WORDS[i]}\n"
		     "\t\tfi\n"
		     "\t\trest=${trimmed#\"${COMP_WORDS[i]}\"}\n"
		     "\tdone\n"
		     "\tlast=$((${#words[@]} - 1))\n"
		     "\tfor ((i = 1; i < last; i++)); do\n"
		     "\t\tcase ${words[i]} in\n\t\t");
	write_value_options(out, "|");
	buffer_append_text(out, ") ((i++)) ;;\n"
				"\t\t-*) ;;\n"
				"\t\t*) said+=(\"${words[i]}\") ;;\n"
				"\t\tesac\n\tdone\n"
				"\tCOMPREPLY=()\n"
				"\tcase ${words[last - 1]} in\n");
	write_value_cases(out, "mapfile -t COMPREPLY < <(compgen -W '", "' -- \"$current\")",
			  "mapfile -t COMPREPLY < <(compgen -f -- \"$current\")");
	buffer_append_text(out, "\tesac\n\tcase \"${said[*]}\" in\n");
	write_bash_groups(out);
	for (size_t i = 0; (command = remote_command_at(i)) != NULL; i++)
		write_bash_case(out, command);
	buffer_append_text(out,
			   "\tesac\n"
			   "\tmapfile -t COMPREPLY < <(compgen -W \"$offered\" -- \"$current\")\n"
			   "}\ncomplete -F _claviger claviger\n");
}

/* A word with what it means, as _describe wants it. */
static void write_zsh_word(struct buffer *out, const char *word, const char *meaning)
{
	struct buffer text;

	buffer_init(&text, 1024);
	buffer_append_format(&text, "%s:%s", word, meaning);
	buffer_append_char(out, ' ');
	write_quoted(out, text.length == 0 ? "" : text.data);
	buffer_clear(&text);
}

static void write_zsh_case(struct buffer *out, const struct remote_command *command)
{
	char title[COMMAND_TITLE_SIZE];

	command_table_title(&command->usage, title);
	buffer_append_format(out, "\t('%s' | '%s '*) offered=(", title, title);
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (has_option(options_of(command), i))
			write_zsh_word(out, arguments_describe((enum option)i)->name,
				       command_table_describe(&remote_commands, &command->usage,
							      (enum option)i));
	buffer_append_format(out, " )\n\t\tcompadd -- %s ;;\n",
			     command->choices == NULL ? "" : command->choices);
}

static void write_zsh_groups(struct buffer *out)
{
	const struct remote_command *command, *other;

	buffer_append_text(out, "\t('') offered=(");
	for (size_t i = 0; (command = remote_command_at(i)) != NULL; i++)
		if (is_first_of_group(i))
			write_zsh_word(out, command->usage.group, describe_group(command));
	buffer_append_text(out, " ) ;;\n");
	for (size_t i = 0; (command = remote_command_at(i)) != NULL; i++) {
		if (command->usage.name == NULL || !is_first_of_group(i))
			continue;
		buffer_append_format(out, "\t('%s') offered=(", command->usage.group);
		for (size_t j = i; (other = remote_command_at(j)) != NULL; j++)
			if (strcmp(other->usage.group, command->usage.group) == 0)
				write_zsh_word(out, other->usage.name, other->usage.summary);
		buffer_append_text(out, " ) ;;\n");
	}
}

static void write_zsh(struct buffer *out)
{
	const struct remote_command *command;

	buffer_append_text(out,
			   "#compdef claviger\n"
			   "# completion of claviger for zsh: source <(claviger completion zsh)\n"
			   "_claviger() {\n"
			   "\tlocal i\n\tlocal -a offered said\n"
			   "\tfor ((i = 2; i < CURRENT; i++)); do\n"
			   "\t\tcase $words[i] in\n\t\t(");
	write_value_options(out, "|");
	buffer_append_text(out, ") ((i++)) ;;\n"
				"\t\t(-*) ;;\n"
				"\t\t(*) said+=(\"$words[i]\") ;;\n"
				"\t\tesac\n\tdone\n"
				"\tcase $words[CURRENT-1] in\n");
	write_value_cases(out, "compadd -- ", "", "_files");
	buffer_append_text(out, "\tesac\n\tcase \"$said\" in\n");
	write_zsh_groups(out);
	for (size_t i = 0; (command = remote_command_at(i)) != NULL; i++)
		write_zsh_case(out, command);
	buffer_append_text(out, "\tesac\n\t_describe claviger offered\n}\n"
				"if [ \"$funcstack[1]\" = _claviger ]; then\n\t_claviger \"$@\"\n"
				"else\n\tcompdef _claviger claviger\nfi\n");
}

/* One line of fish: WORD can follow what PATTERN matches. */
static void write_fish_word(struct buffer *out, const char *pattern, const char *word,
			    const char *meaning)
{
	buffer_append_format(out, "complete -c claviger -n \"__claviger_said '%s'\" -a '%s'",
			     pattern, word);
	if (meaning != NULL) {
		buffer_append_text(out, " -d ");
		write_quoted(out, meaning);
	}
	buffer_append_char(out, '\n');
}

static void write_fish_options(struct buffer *out, const struct remote_command *command)
{
	char title[COMMAND_TITLE_SIZE];

	command_table_title(&command->usage, title);
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_text *text = arguments_describe((enum option)i);
		const char *choices = remote_command_choices((enum option)i);

		if (!has_option(options_of(command), i))
			continue;
		buffer_append_format(
			out, "complete -c claviger -n \"__claviger_said '%s' '%s *'\" -l %s", title,
			title, text->name + 2);
		if (text->value != NULL)
			buffer_append_text(out, i == OPTION_KEY_FILE ? " -r -F" : " -x");
		if (choices != NULL)
			buffer_append_format(out, " -a '%s'", choices);
		buffer_append_text(out, " -d ");
		write_quoted(out, command_table_describe(&remote_commands, &command->usage,
							 (enum option)i));
		buffer_append_char(out, '\n');
	}
}

static void write_fish(struct buffer *out)
{
	const struct remote_command *command;

	buffer_append_text(
		out, "# completion of claviger for fish: claviger completion fish | source\n"
		     "function __claviger_said\n"
		     "\tset -l said\n\tset -l is_value no\n"
		     "\tfor word in (commandline -opc)[2..-1]\n"
		     "\t\tif test $is_value = yes\n\t\t\tset is_value no\n\t\t\tcontinue\n\t\tend\n"
		     "\t\tswitch $word\n\t\t\tcase ");
	write_value_options(out, " ");
	buffer_append_text(out, "\n\t\t\t\tset is_value yes\n"
				"\t\t\tcase '-*'\n"
				"\t\t\tcase '*'\n\t\t\t\tset -a said $word\n"
				"\t\tend\n\tend\n"
				"\tfor pattern in $argv\n"
				"\t\tstring match -q -- $pattern \"$said\"; and return 0\n"
				"\tend\n\treturn 1\nend\n"
				"complete -c claviger -f\n");
	for (size_t i = 0; (command = remote_command_at(i)) != NULL; i++) {
		char title[COMMAND_TITLE_SIZE];

		command_table_title(&command->usage, title);
		if (is_first_of_group(i))
			write_fish_word(out, "", command->usage.group, describe_group(command));
		if (command->usage.name != NULL)
			write_fish_word(out, command->usage.group, command->usage.name,
					command->usage.summary);
		if (command->choices != NULL)
			write_fish_word(out, title, command->choices, NULL);
		write_fish_options(out, command);
	}
}

enum result remote_completion(struct remote *remote, const struct arguments *arguments,
			      struct error *err)
{
	static const struct {
		const char *name;
		void (*write)(struct buffer *out);
	} shells[] = {{"bash", write_bash}, {"zsh", write_zsh}, {"fish", write_fish}};

	for (size_t i = 0; i < ARRAY_LENGTH(shells); i++) {
		if (strcmp(arguments->words[0], shells[i].name) != 0)
			continue;
		shells[i].write(&remote->out);
		return RESULT_OK;
	}
	return error_set(err, RESULT_INVALID_USAGE, NULL,
			 "completion: say for which shell: bash, zsh or fish");
}
