# Run by each terminal: the files of a login shell, which reset PATH, and then the environment of the workspace.
uws_path=$PATH
[ ! -r /etc/profile ] || . /etc/profile
for uws_file in ~/.bash_profile ~/.bash_login ~/.profile; do
  if [ -r "$uws_file" ]; then . "$uws_file"; break; fi
done
uws_system=${UWS_SYSTEM_PATH:-}
# Modules may have appended to PATH.
[ -z "$uws_system" ] || case $uws_path in
  "$uws_system" | *":$uws_system") PATH="${uws_path%"$uws_system"}$PATH" ;;
  *) PATH="$uws_path:$PATH" ;;
esac
unset uws_path uws_file uws_system
[ -z "${UWS_JUPYTER_PATH:-}" ] || export JUPYTER_PATH="$UWS_JUPYTER_PATH"
