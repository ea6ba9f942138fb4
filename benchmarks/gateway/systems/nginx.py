"""nginx as a plain reverse proxy: the limit. It reads no body, counts nothing and decides nothing."""

from benchmarks.gateway import tools
from benchmarks.gateway.systems.system import Launch, Site
from benchmarks.gateway.workloads import Address

# Buffers that hold the largest body, so that it measures the network and not temporary files. Streams are passed on
# at once because the mock answers them with X-Accel-Buffering: no.
_CONFIG = """
worker_processes 1;
error_log {folder}/error.log error;
pid {folder}/nginx.pid;
daemon off;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_body_buffer_size 512k;
    client_max_body_size 16m;
    keepalive_requests 100000000;
    tcp_nodelay on;
    upstream mock {{
        server 127.0.0.1:{first};
        server 127.0.0.1:{second} backup;
        keepalive 1024;
        keepalive_requests 100000000;
    }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
            proxy_pass http://mock;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffer_size 16k;
            proxy_buffers 16 32k;
        }}
    }}
}}
"""


class Nginx:
    """One worker, keep-alive on both sides, no access log, second upstream as backup."""

    name = "nginx"
    settings = (
        "Debian's package, one worker; keep-alive to clients and upstreams, second upstream as backup, access log off, "
        "buffers larger than the bodies."
    )

    def prepare(self) -> None:
        """Finds or installs nginx."""
        tools.debian("nginx", "nginx-light")

    def launch(self, site: Site) -> Launch:
        """Writes nginx.conf."""
        config = site.folder / "nginx.conf"
        config.write_text(
            _CONFIG.format(folder=site.folder, port=site.port, first=site.first_upstream, second=site.second_upstream)
        )
        return Launch(
            command=[tools.debian("nginx", "nginx-light"), "-c", str(config), "-p", str(site.folder)],
            address=Address(port=site.port),
        )
